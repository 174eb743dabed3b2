"""Facts that the operator's own programs print, by the nodes that they are of, as they stood at a time.

`node_facts` has a bit for each minute of an hour (schemas/graph.py). Programs of a host restate all their facts at
once. So what stands is what the latest minute of its host has, which is the one of %(to)s or the one before it.
"""

from typing import NamedTuple

from graph.span import moment
from graph.sql import inside, select


class NodeFactRow(NamedTuple):
    """A fact. `node` is a process, empty for a fact of the service on this host, or of the host without either."""

    host: str
    service: str
    node: str
    port: int
    name: str
    value: str
    program: str


_AT = f"({moment('to')} - toIntervalMillisecond(1))"
_SUBJECT = ("host", "service", "node", "port", "name", "program")
_ANY = "(%(name)s = '' OR name = %(name)s) AND (%(service)s = '' OR service = %(service)s)"
_OF_NODES = (
    "node IN %(nodes)s OR (node = '' AND host IN %(hosts)s AND service != '' AND service IN %(services)s)"
    " OR (node = '' AND service = '' AND host IN %(subjects)s)"
)


def node_facts(*, everything: bool) -> str:
    """Return the facts before %(to)s, ms, %(most)s at the most, of some nodes or `everything`.

    Nodes are the processes %(nodes)s, the services %(services)s on %(hosts)s, and the hosts %(subjects)s. Of everything
    only those are returned that have a %(name)s and a %(service)s, unless these are empty, and are of %(hosts)s.
    """
    wanted = f"host IN %(hosts)s AND {_ANY}" if everything else _OF_NODES
    return select(NodeFactRow._fields, inside(standing(wanted))) + (
        "\nORDER BY name, service, host, port, value, node\nLIMIT %(most)s"
    )


def standing(wanted: str) -> str:
    """Return the facts that stand before %(to)s, ms, of those that are `wanted`: a condition for their columns."""
    minutes = [
        f"hour = toStartOfHour({at}) AND bitTest(minutes, 59 - toMinute({at}))"
        for at in (_AT, f"({_AT} - toIntervalMinute(1))")
    ]
    columns = {name: name for name in (*NodeFactRow._fields, "seen")}
    columns |= {"now": minutes[0], "latest": f"max({minutes[0]}) OVER (PARTITION BY host)"}
    hours = f"hour >= toStartOfHour({_AT} - toIntervalMinute(1)) AND hour <= {_AT}"
    recent = select(columns, "node_facts", where=f"{hours} AND (({minutes[0]}) OR ({minutes[1]}))")
    # The latest value of each: one may have changed within the minute.
    latest = f"ORDER BY seen DESC\nLIMIT 1 BY {', '.join(_SUBJECT)}"
    return select(NodeFactRow._fields, inside(recent), where=f"now = latest AND ({wanted})") + f"\n{latest}"
