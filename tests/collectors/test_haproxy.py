"""haproxy resets its connections to backends once it has their answer: none of them is lost, nor a byte of them."""

import contextlib
import multiprocessing
import shutil
import socket
import subprocess
import threading
from collections import Counter
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import pytest

from collectors.settings import Settings
from tests.collectors.namespaces import Namespaces
from tests.collectors.watching import Connection, Watch, eventually

FRONT, BACK = 8000, 9000
TIMES = 60
CONFIG = """
global
    maxconn 200
defaults
    mode {mode}
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend front
    bind 10.99.0.1:{front}
    default_backend back
backend back
    server one 10.99.0.2:{back}
"""
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n%s\r\nhello"
HEADERS = {"keeps": b"", "closes": b"Connection: close\r\n"}


def _answer(pipe: Pipe, way: str) -> None:
    """Serve, and return what was read and written in each connection, by the peer's port."""
    served: dict[int, tuple[int, int]] = {}

    def serve(accepted: socket.socket, port: int) -> None:
        got = sent = 0
        with accepted, contextlib.suppress(ConnectionResetError):
            while asked := accepted.recv(65_536):
                got += len(asked)
                if asked.endswith(b"\r\n\r\n"):
                    accepted.sendall(ANSWER % HEADERS[way])
                    sent += len(ANSWER % HEADERS[way])
                    if way == "closes":
                        break
        served[port] = (got, sent)

    watch = Watch(Settings())
    with socket.create_server(("10.99.0.2", BACK), backlog=512) as server:
        pipe.send("ready")
        threads = []
        server.settimeout(0.1)
        while not pipe.poll():
            try:
                accepted, (_, port) = server.accept()
            except TimeoutError:
                continue
            accepted.settimeout(None)
            threads.append(threading.Thread(target=serve, args=(accepted, port)))
            threads[-1].start()
    for thread in threads:
        thread.join(10)
    pipe.send((served, _seen(watch, len(served), local=True)))
    pipe.recv()


def _proxy(pipe: Pipe, folder: str, mode: str) -> None:
    """Run haproxy and its clients, and return what was seen of the connections to backends."""
    watch = Watch(Settings())
    file = Path(folder) / f"{mode}.cfg"
    file.write_text(CONFIG.format(mode=mode, front=FRONT, back=BACK))
    with subprocess.Popen([str(shutil.which("haproxy")), "-q", "-f", str(file)]) as proxy:
        eventually(_is_up)
        for number in range(TIMES):
            with socket.create_connection(("10.99.0.1", FRONT)) as client:
                client.sendall(b"GET /%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % number)
                got = b""
                while not got.endswith(b"hello") and (more := client.recv(1000)):
                    got += more
                assert got.endswith(b"hello")
        proxy.terminate()
    pipe.send("asked")
    pipe.send(_seen(watch, pipe.recv(), local=False))
    pipe.recv()


def _is_up() -> bool:
    with socket.socket() as client:
        return client.connect_ex(("10.99.0.1", FRONT)) == 0


def _seen(watch: Watch, count: int, *, local: bool) -> dict[int, tuple[int, int]]:
    """Go on until so many connections to the backend have closed; return bytes received and sent, by proxy's port."""
    sums: dict[int, Counter[str]] = {}
    over: list[Connection] = []

    def all_over() -> bool:
        for row in watch.connections(BACK):
            if (row.local_port == BACK) == local:
                held = sums.setdefault(row.remote_port if local else row.local_port, Counter())
                held.update(got=row.received_bytes, sent=row.sent_bytes)
                over.extend([row] * row.closed)
        return len(over) >= count

    eventually(all_over)
    assert {row.accepted for row in over} == {local}
    assert len({row.cookie for row in over}) == len(over)
    assert watch.sockets.counters()["connections_unidentified"] == 0
    return {port: (held["got"], held["sent"]) for port, held in sums.items()}


@pytest.mark.root
@pytest.mark.programs
@pytest.mark.skipif(not shutil.which("haproxy"), reason="needs haproxy")
@pytest.mark.parametrize("mode", ["tcp", "http"])
@pytest.mark.parametrize("way", ["keeps", "closes"])
def test_both_hosts_of_a_proxied_connection_count_it_whole(
    namespaces: Namespaces, tmp_path: Path, mode: str, way: str
) -> None:
    ours, theirs = multiprocessing.Pipe()
    backend = namespaces.start(namespaces.right, _answer, theirs, way)
    assert ours.recv() == "ready"
    mine, yours = multiprocessing.Pipe()
    proxy = namespaces.start(namespaces.left, _proxy, yours, str(tmp_path), mode)
    assert mine.recv() == "asked"
    ours.send("done")
    served, at_the_backend = ours.recv()
    mine.send(len(served))
    at_the_proxy = mine.recv()
    for pipe, process in ((ours, backend), (mine, proxy)):
        pipe.send("done")
        process.join(10)

    assert at_the_backend == served
    assert at_the_proxy == {port: (sent, got) for port, (got, sent) in served.items()}
