"""Edges between processes for a node graph, each end with its node at a level and the nodes that may replace it."""

from graph import traffic, usual
from graph.asked import requested, summed
from graph.columns import ENDS, KEY
from graph.levels import by_host, by_service, home, network_of, node_drawn
from graph.members import Members
from graph.of_hosts import OF_HOST, part_of
from graph.packing import plain, rolled
from graph.ports import port_name
from graph.spans import ALL_AT_ONCE, spans
from graph.sql import defined, inside, select
from schemas.counted import COUNTERS, HAPPENED
from schemas.health import JUDGED, OF_REQUESTS

COUNTS = Members("bytes", *JUDGED)
NODES = ("node", "of_service", "of_host")
_PACKED = ("happened", *(f"{end}_{pack}" for end in ENDS for pack in ("about", "sums", "most")))
_SKETCH = "Map(UInt16, UInt64)"


def located_pairs(*, about_usual: bool) -> list[str]:
    """Return the parts of a query after a `span` up to `located`: pairs of processes with their requests."""
    networks = {f"{end}_network": network_of(end, plain, "pair") for end in ENDS}
    hosts = ", ".join(plain(f"{end}_host", "pair") for end in ENDS)
    # Both ends at once, and apart from the nodes: a part is looked up by a scalar, which is planned wherever it stands.
    of_hosts = {f"{name}_of_ends": f"arrayMap(host -> {part_of(name, 'host')}, [{hosts}])" for name in OF_HOST}
    return defined(
        spans=spans(ALL_AT_ONCE, names=_PACKED),
        pairs=select({name: f"row.{name}" for name in KEY} | _rolled(), "spans AS row", group=_key("row")),
        asked=_asked(about_usual),
        named="SELECT host FROM hosts WHERE hostname = %(host)s\nUNION DISTINCT\nSELECT %(host)s",
        located=select(
            ["pair.*", "asked.*", *(f"{made} AS {name}" for name, made in (networks | of_hosts).items())],
            "pairs AS pair",
            f"LEFT JOIN asked USING ({', '.join(KEY)})",
            where=_NARROWED,
        ),
    )


def _rolled() -> dict[str, str]:
    return {name: made for name, made in rolled("row").items() if name in _PACKED}


def _key(row: str) -> list[str]:
    return [f"{row}.{name}" for name in KEY]


def _asked(about_usual: bool) -> str:
    """Return requests by pair of processes. Usual times are those of their services, because processes restart."""
    counts = summed((*OF_REQUESTS, "sampling", "latency"), "asked")
    key = {name: f"asked.{name}" for name in KEY}
    if not about_usual:
        return select(key | counts, f"{inside(requested([*KEY, *counts]))} AS asked", group=_key("asked"))
    services = [f"{end}_service" for end in ENDS]
    now = usual.is_now("asked.begins")
    made = {name: form.replace("(", "If(").replace(")", f", {now})") for name, form in counts.items()}
    ends = {
        name: f"max(if(asked.{end}_service != '', asked.{end}_service, asked.{end}))"
        for name, end in (("caller", "client"), ("callee", "server"))
    }
    before = {"before": f"sumMapIf(asked.latency, NOT ({now}))"}
    rows = requested([*KEY, *services, *counts], reach=usual.WITH_HOUR_BEFORE)
    by_pair = select(key | made | ends | before, f"{inside(rows)} AS asked", group=_key("asked"))
    services_of = "PARTITION BY caller, callee, transport, server_port"
    return select(["* EXCEPT before", f"sumMap(before) OVER ({services_of}) AS usual"], inside(by_pair))


def row_of(*, about_ends: bool, about_usual: bool) -> str:
    """Return all of a `pair` as one value with named members: client, server, port, COUNTS, rtt_us, latency, sampling.

    Each end has NODES, and with `about_ends` what a node replaces. `about_usual` adds caller, callee and usual.
    """
    ends = {end: _end(end) | (_about(end) if about_ends else {}) for end in ENDS}
    end_types = {end: f"Tuple({', '.join(f'{name} String' for name in ends[end])})" for end in ENDS}
    members = {
        **{end: (f"({', '.join(ends[end].values())})", end_types[end]) for end in ENDS},
        "port": (f"concat(pair.transport, ' ', {port_name('pair')})", "String"),
        "counts": (_counts(), "Array(UInt64)"),
        "rtt_us": (f"greatest({', '.join(plain(f'{end}_rtt_us', 'pair') for end in ENDS)})", "UInt32"),
        "latency": ("pair.latency", _SKETCH),
        "sampling": ("pair.sampling", "UInt16"),
    }
    if about_usual:
        members |= {name: (f"pair.{name}", "String") for name in ("caller", "callee")}
        members["usual"] = ("pair.usual", _SKETCH)
    values = ", ".join(value for value, _ in members.values())
    types = ", ".join(f"{name} {kind}" for name, (_, kind) in members.items())
    return f"CAST(({values}), 'Tuple({types})')"


def _counts() -> str:
    return COUNTS.array(
        bytes=f"{traffic.to_server('pair')} + {traffic.to_client('pair')}",
        **{name: _count(name) for name in JUDGED},
    )


def _count(name: str) -> str:
    if name in COUNTERS:
        return traffic.both(name, "pair")
    return plain(f"connections_{name}", "pair") if name in HAPPENED else f"pair.{name}"


def _end(end: str) -> dict[str, str]:
    in_network = f"pair.{end}_network"
    of_host = {name: f"pair.{name}_of_ends[{list(ENDS).index(end) + 1}]" for name in OF_HOST}
    return {
        "node": node_drawn(end, plain, "pair", in_network, of_host),
        "of_service": by_service(end, plain, "pair", in_network),
        "of_host": by_host(end, plain, "pair", in_network),
    }


def _about(end: str) -> dict[str, str]:
    """Return what the node of an end replaces."""
    name, address = plain(f"{end}_name", "pair"), plain(f"{end}_address", "pair")
    pid = f"regexpExtract(pair.{end}, ':([0-9]+):[^:]*\\\\z', 1)"
    part = f"if(%(level)s = 'process' AND {name} != '', concat({name}, '[', {pid}, ']'), {address})"
    known = {what: plain(f"{end}_{what}", "pair") for what in ("service", "name", "container", "container_name")}
    return {"part": part, "host": home(end, plain, "pair"), **known}


_SERVICES, _HOSTS = ([plain(f"{end}_service", "pair") for end in ENDS], [home(end, plain, "pair") for end in ENDS])
_NARROWED = (
    f"(%(service)s = '' OR %(service)s IN ({', '.join(_SERVICES)}))\n"
    f"    AND (%(host)s = '' OR {' OR '.join(f'{host} IN named' for host in _HOSTS)})"
)
