"""Names are read from answers on the wire, and reported with the addresses that somebody connects to."""

import socket
from multiprocessing import get_context
from queue import Queue
from threading import Thread

import pytest

from collectors.settings import Settings
from tests.collectors.namespaces import Namespaces
from tests.collectors.protocols.resolving import address, alias, answer, question, wire
from tests.collectors.test_http import Watch
from tests.collectors.watching import eventually

HERE, PEER, STRANGER = "10.99.0.1", "10.99.0.2", "10.99.0.3"
API = "api.example.com"
Rows = list[tuple[str, str]]


def _resolver() -> socket.socket:
    """Answer every question on port 53 with the addresses of two hosts, by way of an alias."""
    serving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    serving.bind((HERE, 53))

    def serve() -> None:
        while True:
            asked, client = serving.recvfrom(512)
            leads = [
                alias(wire("edge.cdn.example")),
                *(address(at, wire("edge.cdn.example")) for at in (PEER, STRANGER)),
            ]
            serving.sendto(answer(int.from_bytes(asked[:2], "big"), API, *leads), client)

    Thread(target=serve, daemon=True).start()
    return serving


def _watch(found: "Queue[tuple[Rows, Rows]]") -> None:
    """Ask over a socket without a peer, connect to one of the addresses, and report what the collector does."""
    watch = Watch()
    with _resolver(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(10)
        asking.sendto(question(7, API), (HERE, 53))
        asking.recv(512)
        before = [row[:2] for row in watch.batch().names.rows()]
        after = eventually(lambda: _connected(watch))
    watch.close()
    found.put((before, after))


def _connected(watch: Watch) -> Rows:
    """Connect to one of the addresses; return what a window reports."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connecting:
        connecting.connect((PEER, 9))
        return [row[:2] for row in watch.batch().names.rows()]


@pytest.mark.root
def test_a_name_is_reported_of_an_address_once_somebody_connects_to_it(namespaces: Namespaces) -> None:
    found = get_context("fork").Queue()
    namespaces.start(namespaces.left, _watch, found).join(30)
    assert found.get(timeout=10) == ([], [(PEER, API)])


def test_it_is_on_by_default() -> None:
    assert Settings().dns_names
