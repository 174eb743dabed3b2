"""Edges by Unix sockets between real programs: a cache, a database, and an application behind a proxy."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from servicemap.cli import main
from tests.e2e.running import up
from tests.programs import folder_of_user, installed, nginx, postgres, redis

pytestmark = pytest.mark.slow

_EDGES = """
SELECT client_name, server_name, server_address, max(connections_active), max(rule), any(server)
FROM process_edges WHERE transport = 'unix' AND server_address IN ({names})
GROUP BY client_name, server_name, server_address ORDER BY server_address
"""


_APPLICATION = """
import os, socket
listening = socket.socket(socket.AF_UNIX)
listening.bind(PATH)
os.chmod(PATH, 0o777)
listening.listen()
print(flush=True)
kept = []
while True:
    one, _ = listening.accept()
    if b"/later" in one.recv(10_000):
        kept.append(one)
    else:
        one.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n.")
        one.close()
"""


@contextmanager
def application(path: Path) -> Iterator[None]:
    """Serve HTTP behind a proxy; what is asked for later is never answered."""
    program = _APPLICATION.replace("PATH", repr(str(path)))
    with subprocess.Popen(["python3", "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


@pytest.mark.programs
def test_a_cache_a_database_and_an_application_behind_a_proxy_are_edges_of_their_sockets(tmp_path: Path) -> None:
    psql = installed("psql", "postgresql-client")
    with folder_of_user() as folder, application(folder / "app.sock"), redis() as cache, postgres() as database:
        data = database.folder()  # it goes there from where its socket is
        sockets = {
            "psql": data.parent / f".s.PGSQL.{database.port}",
            "python": cache.folder() / "redis.sock",
            "nginx": folder / "app.sock",
        }
        with (
            nginx(f"proxy_pass http://unix:{sockets['nginx']}:/;") as proxy,
            up(tmp_path, "--window", "1s") as running,
            socket.socket(socket.AF_UNIX) as client,
        ):
            client.connect(str(sockets["python"]))
            asking = socket.create_connection(("127.0.0.1", proxy.port))
            asking.sendall(b"GET /later HTTP/1.0\r\n\r\n")
            command = [psql, "-h", str(data.parent), "-p", str(database.port), "-U", "postgres", "-c"]
            waiting = subprocess.Popen([*command, "SELECT pg_sleep(60)"], stdout=subprocess.DEVNULL)
            try:
                names = ", ".join(f"'{path}'" for path in sockets.values())
                rows = running.until(_EDGES.format(names=names), lambda rows: len(rows) == 3)
                ran = CliRunner().invoke(main, ["map", "--data", str(tmp_path), "--level", "process", "--json"])
            finally:
                waiting.kill()
                waiting.wait()
                asking.close()
        assert {(row[1], row[2]) for row in rows} >= {
            ("redis-server", str(sockets["python"])),
            ("postgres", str(sockets["psql"])),
        }
        found = {row[2]: row for row in rows}
        assert {found[str(sockets[name])][0] for name in ("psql", "nginx")} == {"psql", "nginx"}
        assert {row[3:5] for row in rows} == {(1, "listener")}
        assert int(found[str(sockets["python"])][5].split(":")[3]) == cache.process.pid
        edges = [edge for edge in json.loads(ran.stdout)["edges"] if edge["transport"] == "unix"]
        shown = {edge["port_name"]: edge for edge in edges}
        assert shown.keys() >= set(map(str, sockets.values()))
        assert all(edge["client_sent_bytes"] is None for edge in edges)
