"""Tables: the edges of the map, the peers of a service, the processes of an edge, and the numbers of a service.

Rates are per second. Requests, errors (their share), latency (ms, the 95th percentile) and sampling are NULL without
any, and errors also where no answer was seen. The protocol is what servers were seen to speak, or else the transport.
"""

from graph.asked import summed, within_ms
from graph.clock import TIME, stands_ms
from graph.columns import ENDS, KEY
from graph.health_sql import known_share
from graph.levels import node_drawn
from graph.packing import plain, rolled
from graph.panels.lines import of
from graph.panels.subjects import EDGE, SERVICE, Subject
from graph.ports import port_name
from graph.sql import defined, select, within
from graph.titles import ALIASES, HOSTNAMES, alias, called, title
from graph.traffic import both, to_client, to_server
from schemas.health import COUNTER_SHARES, OF_REQUESTS

_COUNTS = (*OF_REQUESTS, "latency", "sampling")
EVERY = Subject(
    lambda column: (
        f"(%(service)s IN ('', {column('client_service', 'row')}, {column('server_service', 'row')}) "
        f"AND %(host)s IN ('', {column('client_host', 'row')}, {column('server_host', 'row')}))"
    ),
    lambda _: "false",
    is_edge=True,
)


def top() -> str:
    """Return the edges of the map with the most traffic, with a service and a host at either end."""
    names = {"client_name": _title("client_id"), "server_name": _title("server_id")}
    columns = {**names, "port": _PORT, "protocol": _PROTOCOL, **_traffic(), "client_id": "client_id"}
    columns["server_id"] = "server_id"
    return _table(EVERY, columns, 100)


def peers() -> str:
    """Return the clients of a service, or the servers that it calls, by `role`."""
    is_clients = "%(role)s = 'clients'"
    columns = {
        "peer": _title(f"if({is_clients}, client_id, server_id)"),
        "service": f"toString(if({is_clients}, any({_of('client_service')}), any({_of('server_service')})))",
        "port": _PORT,
        "protocol": _PROTOCOL,
        **_traffic(),
        "client_id": "client_id",
        "server_id": "server_id",
    }
    return _table(SERVICE, columns, 200, where=f"if({is_clients}, row.serves, row.calls)")


def about() -> str:
    """Return the facts of an edge by port: its server and the evidence for it, the sides that saw it, and its sums."""
    seen = [f"max({_of(f'seen_by_{end}')})" for end in ENDS]
    columns = {
        "client_name": _title("%(client)s"),
        "server_name": _title("%(server)s"),
        "on_port": _PORT,
        "protocol": _PROTOCOL,
        "known_by": plain("rule", "strongest").replace("strongest.strength", "max(pair.strength)"),
        "seen_by": f"multiIf({seen[0]} AND {seen[1]}, 'both', {seen[0]}, 'the client', 'the server')",
        "clients": "uniqExact(pair.client)",
        "servers": "uniqExact(pair.server)",
        "requests": "toFloat64(nullIf(sum(pair.requests), 0))",
        "errors": _ERRORS,
        "latency": _LATENCY,
        "sampling": _SAMPLING,
        "connections": _total("connections_opened"),
        "failures": _total("connections_failed"),
        "asked": "toFloat64(sum(pair.to_server))",
        "answered": "toFloat64(sum(pair.to_client))",
        "first": TIME("toUnixTimestamp64Milli(min(pair.first))"),
        "last": TIME("toUnixTimestamp64Milli(max(pair.last))"),
    }
    rows = select(columns, "between AS pair", group=("pair.transport", "pair.server_port"))
    return within(_between(EDGE), f"{rows}\nORDER BY asked + answered DESC, on_port, protocol\nLIMIT 200")


def processes() -> str:
    """Return the pairs of processes of an edge, ordered by their traffic."""
    columns = {
        "client_process": "pair.client",
        "client_on": called(_of("client_host")),
        "server_process": "pair.server",
        "server_on": called(_of("server_host")),
        "on_port": port_name("pair"),
        "requests": "nullIf(pair.requests / recorded.seconds, 0)",
        "errors": known_share("errors", "pair.{}".format),
        "latency": f"nullIf({within_ms('mapKeys(pair.latency)', 'arrayCumSum(mapValues(pair.latency))', 0.95)}, 0)",
        "sampling": "toFloat64(nullIf(pair.sampling, 0))",
        "connections": f"toFloat64({_of('connections_opened')} / recorded.seconds)",
        "failures": f"toFloat64({_of('connections_failed')})",
        "asked": "toFloat64(pair.to_server / recorded.seconds)",
        "answered": "toFloat64(pair.to_client / recorded.seconds)",
        **{name: f"toFloat64({both(name, 'pair')})" for name in COUNTER_SHARES},
        "rtt": f"toFloat64(greatest({_of('client_rtt_us')}, {_of('server_rtt_us')}))",
    }
    rows = select(columns, "between AS pair")
    order = "ORDER BY asked + answered DESC, client_process, server_process, on_port\nLIMIT 200"
    return within(_between(EDGE), f"{rows}\n{order}")


def asked() -> str:
    """Return the numbers of the requests to a service: one row, NULL without any."""
    times = ("mapKeys(sumMap(row.latency))", "arrayCumSum(mapValues(sumMap(row.latency)))")
    columns = {
        "requests": "nullIf(sum(row.requests) / recorded.seconds, 0)",
        "errors": known_share("errors", "sum(row.{})".format),
        "half": f"nullIf({within_ms(*times, 0.5)}, 0)",
        "most": f"nullIf({within_ms(*times, 0.95)}, 0)",
        "sampling": "toFloat64(nullIf(max(row.sampling), 0))",
    }
    return within(SERVICE.parts(also_asked=_COUNTS), select(columns, "asked AS row", where="row.serves"))


def now() -> str:
    """Return the numbers of a service: one row. failed_share is that of connects; rtt is the median in microseconds."""
    opened, failed, rtt = of("connections_opened"), of("connections_failed"), of("server_rtt_us")
    moved = f"{to_server('row')} + {to_client('row')}"
    columns = {
        "taken": f"toFloat64(sumIf({opened}, row.serves) / recorded.seconds)",
        "made": f"toFloat64(sumIf({opened}, row.calls) / recorded.seconds)",
        "served": f"toFloat64(sumIf({moved}, row.serves) / recorded.seconds)",
        "called": f"toFloat64(sumIf({moved}, row.calls) / recorded.seconds)",
        "failed_share": f"toFloat64(sum({failed}) / greatest(sum({opened}), sum({failed}), 1))",
        "rtt": f"toFloat64(ifNotFinite(quantileIf(0.5)({rtt}, row.serves AND {rtt} > 0), 0))",
        "processes": "toFloat64(ifNull((SELECT count() FROM members), 0))",
        "hosts": "toFloat64(ifNull((SELECT uniqExact(member_host) FROM members), 0))",
    }
    return within(
        [*SERVICE.parts(*columns.values(), each_window=True), *defined(members=members())],
        select(columns, "mine AS row"),
    )


def members() -> str:
    """Return the processes of a service in a range, after a clock. Each is reported at least once an hour."""
    rows = select(
        {"node": "process.node", "member_host": "argMax(process.host, process.seen)"},
        "nodes AS process",
        where="process.hour >= toStartOfHour(span.since - INTERVAL 2 HOUR) AND process.hour < span.until",
        group=["process.node"],
    )
    return f"{rows}\nHAVING argMax(process.service, process.seen) = %(service)s AND %(host)s IN ('', member_host)"


_PORT = port_name("pair", f"max({plain('server_address', 'pair')})")
_PROTOCOL = "if(max(pair.protocol) = '', toString(pair.transport), max(pair.protocol))"
_SKETCH = "sumMap(pair.latency)"
_ERRORS = known_share("errors", "sum(pair.{})".format)
_SAMPLING = "toFloat64(nullIf(max(pair.sampling), 0))"
_LATENCY = f"nullIf({within_ms(f'mapKeys({_SKETCH})', f'arrayCumSum(mapValues({_SKETCH}))', 0.95)}, 0)"


def _title(node: str) -> str:
    return f"coalesce(nullIf({alias(node)}, ''), {title(node)})"


def _of(name: str) -> str:
    return plain(name, "pair")


def _total(name: str) -> str:
    return f"toFloat64(sum({_of(name)}))"


def _traffic() -> dict[str, str]:
    return {
        "requests": "nullIf(sum(pair.requests) / recorded.seconds, 0)",
        "errors": _ERRORS,
        "latency": _LATENCY,
        "sampling": _SAMPLING,
        "connections": f"toFloat64(sum({_of('connections_opened')}) / recorded.seconds)",
        "open": "toFloat64(sum(pair.active_seconds) / recorded.seconds)",
        "failures": _total("connections_failed"),
        "asked": "toFloat64(sum(pair.to_server) / recorded.seconds)",
        "answered": "toFloat64(sum(pair.to_client) / recorded.seconds)",
        **{name: f"toFloat64(sum({both(name, 'pair')}))" for name in COUNTER_SHARES},
        "rtt": f"toFloat64(max(greatest({_of('client_rtt_us')}, {_of('server_rtt_us')})))",
    }


def _table(subject: Subject, columns: dict[str, str], most: int, where: str = "") -> str:
    """Return these columns of edges between nodes of the level, by bytes."""
    nodes = {f"{end}_id": node_drawn(end, plain, "pair") for end in ENDS}
    drawn = select(["pair.*", *(f"{made} AS {name}" for name, made in nodes.items())], "between AS pair")
    rows = select(columns, "drawn AS pair", group=("client_id", "server_id", "pair.transport", "pair.server_port"))
    parts = [*_between(subject, where), *defined(drawn=drawn)]
    return within(parts, f"{rows}\nORDER BY asked + answered DESC, client_id, server_id, port\nLIMIT {most}")


def _between(subject: Subject, where: str = "") -> list[str]:
    """Return the parts up to `between`: pairs of processes with their sums of the range and their requests."""
    key = {name: f"row.{name}" for name in KEY}
    sums = {
        **{name: made for name, made in rolled("row").items() if not name.endswith("_least")},
        "active_seconds": f"sum(row.active * {stands_ms('row')} / 1000)",
        "to_server": f"sum({to_server('row')})",
        "to_client": f"sum({to_client('row')})",
    }
    counts = summed(_COUNTS, "row")
    return [
        *subject.parts(*sums.values(), each_window=True, also_asked=(*(KEY if not subject.is_edge else ()), *_COUNTS)),
        HOSTNAMES,
        ALIASES,
        *defined(
            pairs=select(key | sums, "mine AS row", where=where, group=key.values()),
            answered=select(key | counts, "asked AS row", group=key.values()),
            between=select(
                ["pair.*", *(f"answered.{name}" for name in counts)],
                "pairs AS pair",
                f"LEFT JOIN answered USING ({', '.join(KEY)})",
            ),
        ),
    ]
