"""Who listened where in a range, whether anybody connected or not."""

from typing import NamedTuple

from graph.identity import cut, part
from graph.span import moment
from graph.sql import select


class ListenerRow(NamedTuple):
    """A row of `listeners`: a service or program that listened on a port of a host, at some addresses."""

    host: str
    transport: str
    port: int
    service: str
    name: str
    addresses: list[str]


def listeners() -> str:
    """Return the listeners of the hours of [from, to), ms."""
    who = cut("toString(place.who)")
    columns = {
        "host": "toString(place.host)",
        "transport": "toString(place.transport)",
        "port": "place.port",
        "service": part(who, "service"),
        "name": part(who, "name"),
        "addresses": "arraySort(groupUniqArray(toString(place.address)))",
    }
    hours = f"place.hour >= toStartOfHour({moment('from')}) AND place.hour < {moment('to')}"
    key = ("host", "transport", "port", "service", "name")
    rows = select(columns, "places AS place", where=f"place.transport != '' AND {hours}", group=key)
    return f"{rows}\nORDER BY {', '.join(key)}"
