"""A look at Unix sockets: 1,000 connections at rest, and 1,000 that all are new, as a share of a core.

Rival: reading all messages anew in every window.
"""

import resource
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from benchmarks.result import Goal, Result
from collectors import netlink
from collectors.diag import SOCK_DIAG_BY_FAMILY
from collectors.networks import Networks
from collectors.settings import Settings
from collectors.unix_diag import parse, request
from collectors.unix_sockets import UnixSockets

PAIRS = 1_000
RUNS = 11
WINDOW_S = 5.0


def run() -> list[Result]:
    """Measure looks in which nothing, and in which everything is new."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    networks = Networks(Settings())
    sockets = UnixSockets(networks)
    plain = netlink.open_socket(netlink.SOCK_DIAG)

    def anew() -> None:
        for chunk in netlink.dump(plain, SOCK_DIAG_BY_FAMILY, request()):
            for _, at, length in netlink.messages(chunk):
                parse(chunk[at : at + length])

    looks = iter(range(10_000))
    quiet, all_new, rival = [], [], []
    for _ in range(RUNS):
        with _connections(PAIRS):
            all_new.append(_share(lambda: sockets.look(next(looks))))
            quiet.append(_share(lambda: sockets.look(next(looks))))
            rival.append(_share(anew))
    sockets.close()
    plain.close()
    networks.close()
    return [
        Result(
            name=f"{PAIRS:,} connections of Unix sockets, {name}",
            value=statistics.median(shares),
            unit="% of a core",
            goal=Goal(op="<=", number=most_of, of="value"),
            against="all read anew",
            against_value=statistics.median(rival),
            runs=shares,
        )
        for name, shares, most_of in (("idle", quiet, 0.05), ("all new", all_new, 0.8))
    ]


def _share(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return 100 * (time.process_time() - began) / WINDOW_S


@contextmanager
def _connections(count: int) -> Iterator[None]:
    name = b"\0servicemap benchmark %d" % time.monotonic_ns()
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(name)
        server.listen()
        for _ in range(count):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(name)
            stack.enter_context(server.accept()[0])
        yield
