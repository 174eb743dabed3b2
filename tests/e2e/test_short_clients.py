"""Programs that live for milliseconds are on the map, and an agent that is killed leaves no program in the kernel."""

import os
import signal
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.collectors.loaded import is_loaded, programs
from tests.collectors.watching import eventually
from tests.e2e.running import up
from tests.e2e.test_containers import group
from tests.programs import installed

CLIENTS = 200
CONTAINER = "5ca1ab1e" * 8


class Quiet(BaseHTTPRequestHandler):
    """Answers, and logs nothing."""

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.mark.root
@pytest.mark.slow
def test_each_of_many_short_lived_clients_is_a_process_of_its_service_in_its_container(tmp_path: Path) -> None:
    curl = installed("curl", "curl")
    with ExitStack() as stack:
        inside = stack.enter_context(group("docker", CONTAINER))
        server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Quiet))
        Thread(target=server.serve_forever).start()
        stack.callback(server.shutdown)
        running = stack.enter_context(up(tmp_path / "data", "--window", "1s"))
        running.until("SELECT 1 FROM nodes LIMIT 1")
        port = server.server_port
        asking = f"for i in $(seq {CLIENTS}); do {curl} -s -o /dev/null http://127.0.0.1:{port}/; done"
        assert os.spawnvp(os.P_WAIT, "sh", [*inside, "sh", "-c", asking]) == 0
        found = running.until(
            "SELECT client_service, client_container, client_provenance, uniqExact(client) "
            f"FROM process_edges WHERE server_port = {port} GROUP BY ALL ORDER BY 4 DESC",
            lambda rows: bool(rows) and rows[0][-1] >= CLIENTS,
        )
        agent = running.parts()["collect"]
        loaded = programs(agent)
        os.kill(agent, signal.SIGKILL)
        eventually(lambda: not any(map(is_loaded, loaded)))

    assert found == [("curl", CONTAINER, "BPF", CLIENTS)]
    assert loaded
