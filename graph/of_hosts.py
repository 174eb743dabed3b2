"""What is looked up by the host of an end when edges are read, for no row has it: its switch, region and zone."""

from collections.abc import Callable
from typing import NamedTuple

from graph.links import switches
from graph.sql import inside, select, text
from graph.zones import NO_REGION, NO_ZONE, regions, zones


class OfHost(NamedTuple):
    """A part of a node that is known by its host. `rows` writes a query: `host`, and a column of the part's name."""

    rows: Callable[[], str]
    otherwise: str = ""  # of a host that is not among the rows


class PartRow(NamedTuple):
    """A row of `parts`."""

    host: str
    value: str


OF_HOST = {
    "switch": OfHost(switches),
    "region": OfHost(regions, NO_REGION),
    "zone": OfHost(zones, NO_ZONE),
}


def parts(name: str) -> str:
    """Return the part of each host that has one."""
    return select({"host": "host", "value": name}, inside(OF_HOST[name].rows()))


def part_of(name: str, host: str) -> str:
    """Return the SQL of a part of a host; '' where the host is unknown."""
    # A scalar is read once, however often it is named. The last pair is there because neither list may be empty.
    lists = [f"arrayPushBack(groupArray({column}), '')" for column in PartRow._fields]
    known = inside(select([f"CAST(({', '.join(lists)}), '{_LISTS}')"], inside(parts(name))))
    keys, values = (f"tupleElement({known}, '{column}')" for column in PartRow._fields)
    return f"transform(toString({host}), {keys}, {values}, {text(OF_HOST[name].otherwise)})"


_LISTS = f"Tuple({', '.join(f'{column} Array(String)' for column in PartRow._fields)})"
