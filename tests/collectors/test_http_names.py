"""The host names of requests of HTTP are read on their way out to public addresses, and nowhere else."""

import subprocess
from multiprocessing import get_context
from queue import Queue

import pytest

from collectors.settings import Settings
from tests.collectors.namespaces import Namespaces
from tests.collectors.test_http import Watch, serving
from tests.collectors.watching import eventually
from tests.programs import installed

OUTSIDE, INSIDE = "203.0.113.2", "10.99.0.2"
API = "api.example.com"
Row = tuple[str, str, str]


def _serve(ports: "Queue[int]", done: "Queue[None]") -> None:
    with serving("0.0.0.0") as port:
        ports.put(port)
        done.get()


def _watch(port: int, found: "Queue[list[list[Row]]]") -> None:
    """Ask both addresses by a name; return what is reported of each."""
    watch = Watch()

    def asked(address: str) -> list[Row]:
        command = [installed("curl", "curl"), "-s", "-o", "/dev/null", "-H", f"Host: {API}"]
        subprocess.run([*command, f"http://{address}:{port}/secret?of=mine"], check=True)
        return [(row[0], row[1], row[3]) for row in watch.batch().names.rows()]

    outside = eventually(lambda: asked(OUTSIDE))
    found.put([outside, [row for _ in range(3) for row in asked(INSIDE)]])
    watch.close()


@pytest.mark.root
def test_a_public_address_that_dns_did_not_name_has_the_name_that_clients_ask_it_for(namespaces: Namespaces) -> None:
    for name, address in ((namespaces.left, "203.0.113.1"), (namespaces.right, OUTSIDE)):
        subprocess.run(["ip", "-n", name, "addr", "add", f"{address}/24", "dev", "c0"], check=True)
    context = get_context("fork")
    ports, done, found = context.Queue(), context.Queue(), context.Queue()
    server = namespaces.start(namespaces.right, _serve, ports, done)
    namespaces.start(namespaces.left, _watch, ports.get(timeout=10), found).join(30)
    done.put(None)
    server.join(10)
    assert found.get(timeout=10) == [[(OUTSIDE, API, "HTTP")], []]


def test_it_is_on_by_default() -> None:
    assert Settings().http_names
