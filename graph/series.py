"""Time series of a node and of an edge, a row for each step in which anything was seen."""

from typing import NamedTuple

from graph import traffic
from graph.columns import ENDS
from graph.packing import HAPPENINGS, SUMS, plain
from graph.sql import inside, select
from graph.steps import point_of, with_steps


class NodeSeriesRow(NamedTuple):
    """A row of `node_series`: sums as the server of others (in) and as their client (out); round trip in us."""

    point: int
    bytes_in: int
    bytes_out: int
    opened_in: int
    opened_out: int
    active_in: float
    active_out: float
    failed_in: int
    failed_out: int
    retransmits: int
    rtt: float


class EdgeSeriesRow(NamedTuple):
    """A row of `edge_series`: what each side counted; round trips in us, `first` and `last` in ms."""

    point: int
    opened: int
    active: float
    failed: int
    client_sent: int
    client_received: int
    server_sent: int
    server_received: int
    client_retransmits: int
    server_retransmits: int
    client_segments: int
    server_segments: int
    client_rtt: float
    server_rtt: float
    first: int
    last: int
    rule: str


_SERVES, _CONNECTS = "edge.server = %(node)s", "edge.client = %(node)s"
_SIDES = {"in": _SERVES, "out": _CONNECTS}
_OF_SIDE = ("opened", "active", "failed")
_COUNTED = {
    "sent": "sent_bytes",
    "received": "received_bytes",
    "retransmits": "retransmits",
    "segments": "sent_segments",
}


def node_series(level: str, *, rolled_up: bool = True) -> str:
    """Return what the node %(node)s of a level did in [from, to), ms."""
    edge = {
        **{name: plain(f"connections_{name}", "row") for name in _OF_SIDE},
        "to_server": traffic.to_server("row"),
        "to_client": traffic.to_client("row"),
        "retransmits": traffic.retransmits("row"),
        "rtt_us": traffic.rtt_us("row"),
    }
    times = {
        "at": "edge.at",
        "bytes_in": f"sumIf(edge.to_server, {_SERVES}) + sumIf(edge.to_client, {_CONNECTS})",
        "bytes_out": f"sumIf(edge.to_client, {_SERVES}) + sumIf(edge.to_server, {_CONNECTS})",
        **{f"{name}_{side}": f"sumIf(edge.{name}, {there})" for name in _OF_SIDE for side, there in _SIDES.items()},
        "retransmits": "sum(edge.retransmits)",
        "rtt_us": traffic.measured("edge.rtt_us"),
    }
    points = {
        "point": point_of("time.at"),
        **{name: f"sum(time.{name})" for name in NodeSeriesRow._fields[1:-1]},
        **{f"active_{side}": f"avg(time.active_{side})" for side in _SIDES},
        "rtt": traffic.measured("time.rtt_us"),
    }
    at_times = select(times, "edge", where=f"{_SERVES} OR {_CONNECTS}", group=("edge.at",))
    begun = with_steps(level, edge, f"time AS {inside(at_times)}", narrowed=True, rolled_up=rolled_up)
    return f"{begun}\n{select(points, 'time', group=('point',))}\nORDER BY point"


def edge_series(level: str, *, rolled_up: bool = True) -> str:
    """Return what each side saw of the edge %(client)s, %(server)s, %(transport)s, %(port)s in [from, to), ms."""
    packs = {f"{end}_{SUMS.name}": SUMS for end in ENDS} | {HAPPENINGS.name: HAPPENINGS}
    edge = {
        **{name: f"row.{name}" for name in ("first", "last", "strength", "active", *packs)},
        **{f"{end}_rtt_us": plain(f"{end}_rtt_us", "row") for end in ENDS},
    }
    kept = {"first": "min", "last": "max", "strength": "max"}
    times = {
        "at": "edge.at",
        **{name: f"{made}(edge.{name})" for name, made in kept.items()},
        "active": "sum(edge.active)",
        **{name: f"{pack.aggregate}(edge.{name})" for name, pack in packs.items()},
        **{f"{end}_rtt_us": traffic.measured(f"edge.{end}_rtt_us") for end in ENDS},
    }
    points = {
        "point": point_of("time.at"),
        **{name: f"{made}(time.{name})" for name, made in kept.items()},
        "active": "avg(time.active)",
        **{name: f"{pack.aggregate}(time.{name})" for name, pack in packs.items()},
        **{f"{end}_rtt": traffic.measured(f"time.{end}_rtt_us") for end in ENDS},
    }
    columns = {name: name for name in EdgeSeriesRow._fields}
    columns |= {name: plain(f"connections_{name}") for name in ("opened", "failed")}
    columns |= {f"{end}_{name}": plain(f"{end}_{counter}") for end in ENDS for name, counter in _COUNTED.items()}
    columns |= {name: f"toUnixTimestamp64Milli({name})" for name in ("first", "last")}
    columns["rule"] = plain("rule")
    wanted = "edge.client = %(client)s AND edge.server = %(server)s AND edge.transport = %(transport)s"
    at_times = select(times, "edge", where=f"{wanted} AND edge.server_port = %(port)s", group=("edge.at",))
    begun = with_steps(level, edge, f"time AS {inside(at_times)}", narrowed=True, rolled_up=rolled_up)
    return f"{begun}\n{select(columns, inside(select(points, 'time', group=('point',))))}\nORDER BY point"
