"""The rows behind Grafana's node graph: edges between processes, each end a node at a level, 200 nodes at most.

Nodes and edges are read by two queries from the same rows, so every end of an edge is among the nodes. If there are
more nodes, all ends are drawn by service, then by host, and then all but the busiest hosts are one node.

Parameters: from, to in ms; level; service, host (id or name), "" for any; focus, the id of a node or "", and hops, how
far from it (up to 4).
"""

from graph import usual
from graph.node_graph_pairs import COUNTS, NODES, located_pairs, row_of
from graph.recorded_windows import recorded_seconds
from graph.span import moment, of_range
from graph.sql import defined, inside, select

MOST, REST = 200, "other:rest"
# The setting lets the time choose rows before FINAL merges them.
ORDERED = "ORDER BY id\nSETTINGS optimize_move_to_prewhere_if_final = 1"


def drawn_rows(*, about_ends: bool = False, about_usual: bool = False) -> list[str]:
    """Return the parts of a query up to `fitted`: a `row` (row_of), and its ends as nodes, `source` and `target`."""
    range_s = "(%(to)s - %(from)s) / 1000"
    rows = f"groupArray({row_of(about_ends=about_ends, about_usual=about_usual)})"
    return [
        of_range(),
        *([usual.of_hour_before()] if about_usual else []),
        recorded_seconds(moment("from"), moment("to"), range_s),
        *located_pairs(about_usual=about_usual),
        # All rows are one value, because the next steps read them more than once. ClickHouse analyses a scalar wherever
        # it is named, so it is named once. Each step is a query of its own, so that its columns are analysed once.
        f"{inside(select([rows], 'located AS pair'))} AS everything",
        *defined(
            around=select(["rows", f"{_AROUND} AS near"], "(SELECT everything AS rows)"),
            kept=select([f"if(%(focus)s = '', rows, arrayFilter({_IS_NEAR}, rows)) AS kept_rows"], "around"),
            sized=select({"sized_rows": "kept_rows", **{f"{name}s": _distinct(name) for name in NODES}}, "kept"),
            weighed=select(["*", f"if(of_hosts > {MOST}, {_WEIGHTS}, map()) AS weights"], "sized"),
            joined=select(["* EXCEPT weights", f"{_BUSIEST} AS busiest"], "weighed"),
            fitted=select(
                {"row": "row", "source": _fitted("client"), "target": _fitted("server")},
                "joined",
                "ARRAY JOIN sized_rows AS row",
            ),
        ),
    ]


def _distinct(node: str) -> str:
    return f"arrayUniq(arrayFlatten(arrayMap(row -> [row.client.{node}, row.server.{node}], kept_rows)))"


def _fitted(end: str) -> str:
    node = f"row.{end}"
    return (
        f"multiIf(nodes <= {MOST}, {node}.node, of_services <= {MOST}, {node}.of_service, "
        f"of_hosts <= {MOST} OR has(busiest, {node}.of_host), {node}.of_host, '{REST}')"
    )


_LINKS = "arrayMap(row -> [row.client.node, row.server.node], rows)"
_FOCUSED = f"has([{', '.join(f'end.{name}' for name in NODES)}], %(focus)s)"
_STARTS = (
    f"arrayDistinct(arrayMap(end -> end.node, arrayFilter(end -> {_FOCUSED}, "
    "arrayFlatten(arrayMap(row -> [row.client, row.server], rows)))))"
)
_HOPS = "range(if(%(focus)s = '', 0, least(toUInt8OrZero(toString(%(hops)s)), 4)))"
_AROUND = (
    "arrayFold((known, _) -> arrayDistinct(arrayConcat(known, "
    f"arrayFlatten(arrayFilter(ends -> hasAny(known, ends), {_LINKS})))), {_HOPS}, {_STARTS})"
)
_IS_NEAR = "row -> hasAll(near, [row.client.node, row.server.node])"
_BYTES = COUNTS.of("row.counts", "bytes")
_WEIGHTS = (
    "arrayReduce('sumMap', arrayFlatten(arrayMap("
    f"row -> [map(row.client.of_host, {_BYTES}), map(row.server.of_host, {_BYTES})], sized_rows)))"
)
_BUSIEST = (
    f"arraySlice(arrayReverseSort((id, weight) -> (weight, id), mapKeys(weights), mapValues(weights)), 1, {MOST - 1})"
)
_FITTED = {"row": "row", "source": _fitted("client"), "target": _fitted("server")}
