"""`python -m servicemap.demo`: the processes of the shop under one supervisor. `servicemap up --demo` runs it.

A process that is killed comes back after some seconds, so that one sees on the map that it is missing.
"""

import argparse
import json
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event

import psutil

from schemas.listening import TRIES
from schemas.private import private_folder
from servicemap.demo.wire import HOST
from servicemap.process import stop_event
from servicemap.supervisor import Part, Supervisor

FIRST_PORT = 8100
BACK_AFTER = 10.0  # seconds
TICK = 0.25
ASKS = {"vote-bot": ("web",), "web": ("emoji", "voting"), "emoji": ("store",), "voting": ("store",), "store": ()}
LISTENING = ("web", "emoji", "voting", "store")
SCRIPTS = Path(__file__).with_name("shop")


def kept_ports(names: tuple[str, ...], keep: ExitStack) -> dict[str, int]:
    """Return a port for each, the first that are free; the ports of clients lie elsewhere (ip_local_port_range).

    They stay bound, so that nobody takes the port of a service while it is away, and shared, so that it can come back.
    """
    found: dict[str, int] = {}
    waiting = iter(names)
    name = next(waiting)
    for port in range(FIRST_PORT, FIRST_PORT + TRIES):
        held = keep.enter_context(socket.socket())
        try:
            held.bind((HOST, port))
        except OSError:
            continue
        held.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEPORT, 1
        )  # after bind: share it only with others that set this too
        found[name] = port
        name = next(waiting, "")
        if not name:
            break
    return found


def parts(folder: Path, ports: Mapping[str, int], store_flags: tuple[str, ...]) -> Iterator[Part]:
    """Yield the processes of the shop; the load first, for what is first is stopped first."""
    for name, asked in ASKS.items():
        own = ("--port", str(ports[name])) if name in ports else ()
        others = [word for other in asked for word in (f"--{other}", str(ports[other]))]
        more = ("--file", str(folder / "shop.sqlite"), *store_flags) if name == "store" else ()
        log = ("--log", str(folder / f"{name}.log"))
        arguments = (str(SCRIPTS / f"{name}.py"), *log, *own, *others, *more)
        yield Part(name, arguments, partial(_listening, {ports[other] for other in asked}), module=False)


def _listening(ports: set[int]) -> bool:
    """Return whether all these are served: a request to one that is not would be a false fault on the map."""
    sockets = psutil.net_connections("tcp4")
    return ports <= {each.laddr.port for each in sockets if each.laddr and each.status == psutil.CONN_LISTEN}


def main() -> None:
    """Run the shop until a signal."""
    parser = argparse.ArgumentParser(prog="python -m servicemap.demo", description="A shop to look at with the map.")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="for the database and the logs")
    parser.add_argument("--slow-for", metavar="SECONDS", default="20", help="of two minutes the store is slow")
    given = parser.parse_args()
    stop = stop_event()
    folder = private_folder(given.data).resolve()
    with ExitStack() as keep:
        _run(folder, given.slow_for, kept_ports(LISTENING, keep), stop)


def _run(folder: Path, slow_for: str, ports: Mapping[str, int], stop: Event) -> None:
    if len(ports) < len(LISTENING):
        sys.exit(f"servicemap: the demo finds no free ports from {FIRST_PORT} to {FIRST_PORT + TRIES - 1}: free some")
    supervisor = Supervisor(list(parts(folder, ports, ("--slow-for", slow_for))), _report, BACK_AFTER)
    (folder / "ports.json").write_text(json.dumps(ports))
    _report(f"the demo shop is at http://{HOST}:{ports['web']}/; its logs are in {folder}")
    try:
        while not stop.is_set():
            supervisor.tend()
            stop.wait(TICK)
    finally:
        supervisor.stop()


def _report(text: str) -> None:
    print(f"servicemap: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
