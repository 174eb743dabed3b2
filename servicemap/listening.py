"""Where the parts of `up` listen. Ports are checked before anything is started; one that had to move is reported."""

import socket
from collections.abc import Iterator

from servicemap.binding import Place, bound
from servicemap.config import Config
from servicemap.options import Failure
from sinks.embedded.ports import USUAL

VIEW_PORT = 8080
API_PORT = 8090
MCP_PORT = 8091


def places(config: Config) -> Iterator[Place]:
    """Yield what `up` listens on."""
    if not config.store.url:
        host = config.store.host
        native, http = config.store.native_port, config.store.http_port
        yield Place("the store", host, native, USUAL["native_port"], "--native-port", "store.native_port")
        yield Place("the store's HTTP interface", host, http, USUAL["http_port"], "--http-port", "store.http_port")
    yield Place("the view", config.view.host, config.view.port, VIEW_PORT, "--view-port", "view.port")


def check_places(config: Config) -> None:
    """Refuse what cannot be listened on or reached; a port that nobody asked for may be taken."""
    asked: dict[int, Place] = {}
    for place in places(config):
        taken = asked.setdefault(place.port, place) if place.port else place
        if taken is not place:
            raise Failure(f"{taken.option} and {place.option} are both {place.port}: give each a port of its own")
        with bound(place, place.port or 0) as found:
            _reach(place, found)


def _reach(place: Place, found: socket.socket) -> None:
    """Connect as the parts will: a network namespace may have no way even to itself."""
    try:
        socket.create_connection(found.getsockname()[:2], timeout=5).close()
    except OSError as error:
        raise Failure(
            f"nothing here reaches {place.host} ({error.strerror or error}), over which the parts talk: bring up the"
            " loopback interface of this network namespace, `ip link set lo up`"
        ) from None
