import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import Up, up
from tests.e2e.talk import asked, served
from tests.programs import Program, installed, nginx, postgres, redis

pytestmark = pytest.mark.slow

_EDGES = """
SELECT client_name, client, server_name, server, sum(connections_opened), sum(connections_closed),
       sum(client_sent_bytes), sum(server_received_bytes), sum(server_sent_bytes), sum(client_received_bytes)
FROM process_edges WHERE server_port = {port} GROUP BY ALL ORDER BY ALL
"""
ERRAND_BYTES = 10_000  # pgbench asks for the size of its tables on a connection of its own, which a scan may see or not


@pytest.mark.programs
def test_every_client_and_server_pair_is_an_edge_with_the_bytes_that_went_over_it(tmp_path: Path) -> None:
    with nginx() as web, redis() as cache, postgres() as database, up(tmp_path, "--window", "1s") as running:
        running.until("SELECT 1 FROM process_edges WHERE client_name = 'servicemap' LIMIT 1")
        pages = [_curl(web.port) for _ in range(30)]
        _redis(cache.port)
        _pgbench(database.port)
        talk = _talk()

        web_rows = running.until(_EDGES.format(port=web.port), lambda rows: sum(row[5] for row in rows) >= 30)
        cache_rows = _settled(running, cache)
        base_rows = _settled(running, database)
        talk_rows = running.until(_EDGES.format(port=talk["server"]), lambda rows: sum(row[5] for row in rows) == 1)

        assert sum(row[4] for row in web_rows) == 30
        assert sum(row[7] for row in web_rows) == sum(request for request, _ in pages)
        assert sum(row[8] for row in web_rows) == sum(response for _, response in pages)
        assert {row[2] for row in web_rows} == {"nginx"}
        assert _pids(web_rows) <= web.pids()

        benchmark = [row for row in cache_rows if row[0] == "redis-benchmark"]
        # It asks for the configuration on a connection of its own, which lasts too short for a scan.
        ((server, opened_by_benchmark),) = [(row[2], row[4]) for row in benchmark]
        assert (server, opened_by_benchmark - 5) in {("redis-server", 0), ("redis-server", 1)}
        assert _pids(benchmark) == cache.pids()

        clients = [row for row in base_rows if row[0] == "pgbench"]
        opened = Counter({row[1]: 0 for row in clients})
        for row in clients:
            opened[row[1]] += row[4] if row[6] > ERRAND_BYTES else 0
        assert {row[2] for row in clients} == {"postgres"}
        assert max(opened.values()) == 4  # the run; the one that fills the tables has a connection of its own
        for row in (*web_rows, *benchmark, *clients):
            assert row[6] == row[7]
            assert row[8] == row[9]

        assert [row[6:] for row in talk_rows] == [(talk["sent"], talk["sent"], talk["received"], talk["received"])]


def _settled(running: Up, program: Program) -> list[tuple[Any, ...]]:
    """Return a program's edges once every connection to it has closed."""
    rows: list[tuple[Any, ...]] = running.until(
        _EDGES.format(port=program.port), lambda rows: bool(rows) and all(row[4] == row[5] for row in rows)
    )
    return rows


def _pids(rows: list[tuple[Any, ...]]) -> set[int]:
    """Return the processes at the server's end. For short connections to one of several workers none is certain."""
    return {int(str(row[3]).split(":")[3]) for row in rows if row[3].startswith("process:")}


def _curl(port: int) -> tuple[int, int]:
    """Fetch a page; return the bytes sent and received."""
    form = "%{size_request} %{size_header} %{size_download}"
    command = [installed("curl", "curl"), "-s", "-o", "/dev/null", "-w", form, f"http://127.0.0.1:{port}/"]
    sent, header, body = subprocess.check_output(command, text=True).split()
    return int(sent), int(header) + int(body)


def _redis(port: int) -> None:
    program = installed("redis-benchmark", "redis-tools")
    subprocess.run([program, "-p", str(port), "-c", "5", "-n", "400000", "-q", "-t", "set"], check=True, stdout=-3)


def _pgbench(port: int) -> None:
    common = [installed("pgbench", "postgresql-contrib"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
    subprocess.run([*common, "-i", "-q", "postgres"], check=True, stdout=-3, stderr=-3)
    subprocess.run([*common, "-n", "-c", "4", "-T", "4", "postgres"], check=True, stdout=-3, stderr=-3)


def _talk() -> dict[str, int]:
    """Let two programs talk for some windows; return what they counted, and the server's port."""
    with served("127.0.0.1") as port:
        return {"server": port, **asked("127.0.0.1", port, times=50, pause=0.05)}
