"""HTTP requests to a real server are on the map."""

import http.client
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.running import up
from tests.programs import installed, nginx

_BY = """
SELECT client_name, server_name, by, requests, errors, unanswered, server, p50_ms, p99_ms
FROM process_requests WHERE server_port = {port} ORDER BY window
"""
_STATUSES = (200, 200, 200, 204, 302, 404, 500, 503)
_PAGES = (
    " ".join(f"if ($arg_status = {status}) {{ return {status}; }}" for status in sorted({*_STATUSES})) + " return 200;"
)


@pytest.mark.root
@pytest.mark.programs
def test_all_requests_are_on_their_edge_by_method_and_class(tmp_path: Path) -> None:
    with nginx(_PAGES) as web, up(tmp_path, "--window", "1s") as running:
        running.until("SELECT 1 FROM process_edges WHERE client_name = 'servicemap' LIMIT 1")
        before = running.sql(_BY.format(port=web.port))
        for _ in range(20):
            _curl(web.port)
        expected = Counter({"GET 2xx": 20}) + _kept(web.port)
        rows = running.until(_BY.format(port=web.port), lambda rows: sum(row[3] for row in rows) >= expected.total())

        counted: Counter[str] = Counter()
        for row in rows:
            counted.update(row[2])
        assert before == []
        assert counted == expected
        assert sum(row[4] for row in rows) == expected["GET 5xx"] + expected["POST 5xx"]
        assert {row[5] for row in rows} == {0}
        assert {row[1] for row in rows} == {"nginx"}
        processes = [row[6] for row in rows if row[6].startswith("process:")]  # of short ones the service alone is sure
        assert {int(str(node).split(":")[3]) for node in processes} <= web.pids()
        assert all(0 < row[7] <= row[8] < 1000 for row in rows)

        both = running.until(
            "SELECT window, client, server, transport, server_port FROM process_requests "
            f"WHERE server_port = {web.port} AND (window, client, server, transport, server_port) NOT IN "
            "(SELECT window, client, server, transport, server_port FROM process_edges)",
            lambda rows: rows == [],
        )
        assert both == []


def _curl(port: int) -> None:
    subprocess.run(
        [installed("curl", "curl"), "-s", f"http://127.0.0.1:{port}/"], check=True, stdout=subprocess.DEVNULL
    )


def _kept(port: int) -> Counter[str]:
    """Ask over one connection that is kept; return what was asked and answered."""
    counted: Counter[str] = Counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for method in ("GET", "POST"):
        for status in _STATUSES * 5:
            connection.request(method, f"/?status={status}", body="x" * (100 if method == "POST" else 0))
            answer = connection.getresponse()
            answer.read()
            counted[f"{method} {answer.status // 100}xx"] += 1
    connection.close()
    return counted
