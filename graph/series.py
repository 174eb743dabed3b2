"""Time series of a node and of an edge: a row for each step in which anything was seen."""

from collections.abc import Mapping
from typing import NamedTuple

from graph import traffic
from graph.columns import ENDS
from graph.packing import HAPPENINGS, LABELS, SUMS, plain
from graph.sql import inside, select, texts
from graph.steps import point_of, with_steps
from schemas.counted import COUNTERS
from schemas.facts import Chart


class NodeSeriesRow(NamedTuple):
    """A row of `node_series`: sums as the server of others (in) and as their client (out); round trip in us.

    `counted` are the counters of both ends of its edges (traffic.OWN_SUMS).
    """

    point: int
    bytes_in: int
    bytes_out: int
    opened_in: int
    opened_out: int
    active_in: float
    active_out: float
    failed_in: int
    failed_out: int
    counted: Mapping[str, int]
    rtt: float


class EdgeSeriesRow(NamedTuple):
    """A row of `edge_series`: what happened, and what each side counted and measured; `first` and `last` in ms."""

    point: int
    happened: Mapping[str, int]
    active: float
    client_sums: Mapping[str, int]
    server_sums: Mapping[str, int]
    client_means: Mapping[str, float]
    server_means: Mapping[str, float]
    first: int
    last: int
    rule: str
    protocol: str
    tls_name: str
    alias: str
    server_address: str


_SERVES, _CONNECTS = "edge.server = %(node)s", "edge.client = %(node)s"
_SIDES = {"in": _SERVES, "out": _CONNECTS}
_OF_SIDE = ("opened", "active", "failed")
_MEANS = [name for name, one in COUNTERS.items() if one.chart is Chart.MEAN]


def node_series(level: str, *, rolled_up: bool = True) -> str:
    """Return the traffic of the node %(node)s of a level in [from, to), ms."""
    edge = {
        **{name: plain(f"connections_{name}", "row") for name in _OF_SIDE},
        "to_server": traffic.to_server("row"),
        "to_client": traffic.to_client("row"),
        "counted": traffic.added("row"),
        "rtt_us": traffic.rtt_us("row"),
    }
    times = {
        "at": "edge.at",
        "bytes_in": f"sumIf(edge.to_server, {_SERVES}) + sumIf(edge.to_client, {_CONNECTS})",
        "bytes_out": f"sumIf(edge.to_client, {_SERVES}) + sumIf(edge.to_server, {_CONNECTS})",
        **{f"{name}_{side}": f"sumIf(edge.{name}, {there})" for name in _OF_SIDE for side, there in _SIDES.items()},
        "counted": "sumForEach(edge.counted)",
        "rtt_us": traffic.measured("edge.rtt_us"),
    }
    points = {
        "point": point_of("time.at"),
        **{f"bytes_{side}": f"sum(time.bytes_{side})" for side in _SIDES},
        **{f"{name}_{side}": f"sum(time.{name}_{side})" for name in _OF_SIDE for side in _SIDES},
        **{f"active_{side}": f"avg(time.active_{side})" for side in _SIDES},
        "sums": "sumForEach(time.counted)",
        "rtt": traffic.measured("time.rtt_us"),
    }
    at_times = select(times, "edge", where=f"{_SERVES} OR {_CONNECTS}", group=("edge.at",))
    begun = with_steps(level, edge, f"time AS {inside(at_times)}", narrowed=True, rolled_up=rolled_up)
    columns = {name: name for name in NodeSeriesRow._fields} | {"counted": traffic.counted("sums")}
    return f"{begun}\n{select(columns, inside(select(points, 'time', group=('point',))))}\nORDER BY point"


def edge_series(level: str, *, rolled_up: bool = True) -> str:
    """Return each side's counters of the edge %(client)s, %(server)s, %(transport)s, %(port)s in [from, to), ms."""
    packs = {f"{end}_{SUMS.name}": SUMS for end in ENDS} | {HAPPENINGS.name: HAPPENINGS}
    means = [f"{end}_{name}" for end in ENDS for name in _MEANS]
    edge = {
        **{name: f"row.{name}" for name in ("first", "last", *LABELS, "strength", "active", *packs)},
        **{name: plain(name, "row") for name in (*means, "server_address")},
    }
    latest = dict.fromkeys((*LABELS, "server_address"), "max")
    kept = {"first": "min", "last": "max", "strength": "max", **latest}
    times = {
        "at": "edge.at",
        **{name: f"{made}(edge.{name})" for name, made in kept.items()},
        "active": "sum(edge.active)",
        **{name: f"{pack.aggregate}(edge.{name})" for name, pack in packs.items()},
        **{name: traffic.measured(f"edge.{name}") for name in means},
    }
    points = {
        "point": point_of("time.at"),
        **{name: f"{made}(time.{name})" for name, made in kept.items()},
        "active": "avg(time.active)",
        **{name: f"{pack.aggregate}(time.{name})" for name, pack in packs.items()},
        **{name: traffic.measured(f"time.{name}") for name in means},
    }
    columns = {name: name for name in EdgeSeriesRow._fields} | {"rule": plain("rule")}
    columns |= {name: pack.named(name) for name, pack in packs.items()}
    columns |= {f"{end}_means": _means(end) for end in ENDS}
    columns |= {name: f"toUnixTimestamp64Milli({name})" for name in ("first", "last")}
    wanted = "edge.client = %(client)s AND edge.server = %(server)s AND edge.transport = %(transport)s"
    at_times = select(times, "edge", where=f"{wanted} AND edge.server_port = %(port)s", group=("edge.at",))
    begun = with_steps(level, edge, f"time AS {inside(at_times)}", narrowed=True, rolled_up=rolled_up)
    return f"{begun}\n{select(columns, inside(select(points, 'time', group=('point',))))}\nORDER BY point"


def _means(end: str) -> str:
    return f"mapFromArrays({texts(_MEANS)}, [{', '.join(f'{end}_{name}' for name in _MEANS)}])"
