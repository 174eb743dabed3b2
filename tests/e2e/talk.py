"""Two programs that talk over one TCP connection, and count what they say: `python -m tests.e2e.talk serve|ask`."""

import json
import socket
import sys
import time


def serve(address: str, port: int) -> None:
    """Answer every request of REQUEST bytes with ANSWER bytes; listen until killed."""
    with socket.create_server((address, port)) as server:
        while True:
            peer, _ = server.accept()
            with peer:
                while request := _exactly(peer, 10):
                    peer.sendall(b"a" * (5 * len(request)))


def ask(address: str, port: int, times: int, pause: float) -> None:
    """Open a connection, ask so many times, say on stdout what was sent and received, close."""
    with socket.create_connection((address, port)) as peer:
        received = 0
        for _ in range(times):
            peer.sendall(b"q" * 10)
            received += len(_exactly(peer, 50))
            time.sleep(pause)
        print(json.dumps({"port": peer.getsockname()[1], "sent": 10 * times, "received": received}), flush=True)


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
