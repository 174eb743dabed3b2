"""Two programs that exchange HTTP over a TCP connection and count the bytes, for servicemap to see."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

QUESTION = b"GET / HTTP/1.1\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n" + b"a" * 50
_COMMAND = (sys.executable, "-m", "tests.e2e.talk")


def serve(address: str, port: int) -> None:
    """Answer every QUESTION with ANSWER; listen until killed."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            peer, _ = server.accept()
            threading.Thread(target=_answer, args=(peer,), daemon=True).start()


def _answer(peer: socket.socket) -> None:
    with peer:
        while _exactly(peer, len(QUESTION)):
            peer.sendall(ANSWER)


def ask(address: str, port: int, times: int, pause: float) -> None:
    """Open a connection, ask so many times, print the bytes that were sent and received, close."""
    with socket.create_connection((address, port)) as peer:
        received = 0
        for _ in range(times):
            peer.sendall(QUESTION)
            received += len(_exactly(peer, len(ANSWER)))
            time.sleep(pause)
        print(
            json.dumps({"port": peer.getsockname()[1], "sent": len(QUESTION) * times, "received": received}), flush=True
        )


@contextmanager
def served(address: str, port: int = 0, inside: Sequence[str] = ()) -> Iterator[int]:
    """Run a server, perhaps inside a namespace; give its port."""
    command = [*inside, *_COMMAND, "serve", address, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def asked(address: str, port: int, *, times: int, pause: float, inside: Sequence[str] = ()) -> dict[str, int]:
    """Run a client to its end, perhaps inside a namespace; return what it counted."""
    command = [*inside, *_COMMAND, "ask", address, str(port), str(times), str(pause)]
    counted: dict[str, int] = json.loads(subprocess.check_output(command, text=True))
    return counted


@contextmanager
def asking(address: str, port: int, *, pause: float, inside: Sequence[str] = ()) -> Iterator[int]:
    """Run a client that asks until the end, perhaps inside a namespace; give its pid."""
    command = [*inside, *_COMMAND, "ask", address, str(port), str(10**9), str(pause)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def _exactly(peer: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := peer.recv(count - len(data))):
        data += more
    return data


if __name__ == "__main__":
    role, where, at, *rest = sys.argv[1:]
    if role == "serve":
        serve(where, int(at))
    else:
        ask(where, int(at), int(rest[0]), float(rest[1]))
