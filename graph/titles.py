"""Names that people read: of hosts, and of nodes. Each is declared once, and rendered in SQL and in Python.

The title of a node is made of its identity. An address may also have an alias, which only people are shown.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from graph.address_names import MOST_DRAWN, address_names
from graph.sql import inside, select, templated, union
from graph.zones import place, place_of


class Title(NamedTuple):
    """The title of nodes of a kind, made from known parts; if `needs` is missing, the rest of the id."""

    title: str
    needs: str = ""


TITLES = {
    "host": Title("{hostname}"),
    "process": Title("{name}[{pid}]", needs="name"),
    "container": Title("{runs}[{short}]", needs="short"),
    "pod": Title("{last}"),
    "link": Title("{switch}", needs="switch"),
    "zone": Title("{place}"),
    "address": Title("{address}"),
    "other": Title("other hosts"),
}
SHORT = 12  # characters of a container's id
_NAMED = union(
    "SELECT toString(host) AS id, toString(hostname) AS name FROM hosts FINAL WHERE hostname != ''",
    "SELECT concat('link:', chassis) AS id, argMax(toString(system_name), seen) AS name FROM links "
    "WHERE system_name != '' GROUP BY id",
)
HOSTNAMES = f"(SELECT mapFromArrays(groupArray(id), groupArray(name)) FROM {inside(_NAMED)}) AS hostnames"
"""The names of hosts by their ids, and of switches by their nodes."""

_FIRST = {"named": "mapFromArrays(groupArray(node), groupArray(names[1]))"}
ALIASES = f"{inside(select(_FIRST, inside(address_names(MOST_DRAWN))))} AS aliases"
"""The latest names of addresses in [from, to), ms, by their nodes."""


def called(host: str) -> str:
    """Return the name of a host, after HOSTNAMES; its id where it has reported none."""
    return f"if(hostnames[toString({host})] != '', hostnames[toString({host})], toString({host}))"


def title(node: str, service: str = "''", name: str = "''", container: str = "''", container_name: str = "''") -> str:
    """Return the title of a node, after HOSTNAMES, by what is known of it."""
    rest = f"substring({node}, position({node}, ':') + 1)"
    parts = {
        "hostname": called(f"splitByChar(':', {rest})[1]"),
        "name": name,
        "pid": f"regexpExtract({node}, ':([0-9]+):[^:]*\\\\z', 1)",
        "runs": f"multiIf({container_name} != '', {container_name}, {service} != '', {service}, {name})",
        "short": f"substring({container}, 1, {SHORT})",
        "address": f"substring({rest}, position({rest}, '@') + 1)",
        "last": f"regexpExtract({rest}, '[^:]*\\\\z', 0)",
        "switch": f"hostnames[toString({node})]",
        "place": place(f"splitByChar(':', {rest})[1]", f"substring({rest}, position({rest}, ':') + 1)"),
    }
    steps = []
    for kind, one in TITLES.items():
        known = f" AND {parts[one.needs]} != ''" if one.needs else ""
        steps.append(f"startsWith({node}, '{kind}:'){known}, {templated(one.title, parts)}")
    return f"multiIf({', '.join(steps)}, {rest})"


def alias(node: str) -> str:
    """Return the name of an address by DNS, after ALIASES; "" for none. It may change from one minute to the next."""
    return f"aliases[{node}]"


def title_of(
    node: str,
    hostname: Callable[[str], str],
    service: str = "",
    name: str = "",
    container: str = "",
    container_name: str = "",
) -> str:
    """Return the same in Python; `hostname` gives the name of a host or a switch, or else what it was given."""
    kind, _, rest = node.partition(":")
    one = TITLES.get(kind)
    if one is None:
        return rest
    parts: Mapping[str, str] = {
        "hostname": hostname(rest.partition(":")[0]) if "{hostname}" in one.title else "",
        "name": name,
        "pid": rest.rpartition(":")[0].rpartition(":")[2],
        "runs": container_name or service or name,
        "short": container[:SHORT],
        "address": rest.rpartition("@")[2],
        "last": rest.rpartition(":")[2],
        "switch": hostname(node).removeprefix(f"{kind}:") if kind == "link" else "",
        "place": place_of(rest.partition(":")[0], rest.partition(":")[2]),
    }
    return one.title.format(**parts) if not one.needs or parts[one.needs] else rest
