"""Nodes of a node graph: every end of its edges once."""

from graph.health_sql import NOW, share
from graph.members import Members
from graph.node_graph import ORDERED, drawn_rows
from graph.node_graph_pairs import COUNTS
from graph.node_graph_text import ABOUT, LOOKED_AT, scaled, short, thousands, times, unit_name, where
from graph.sql import inside, select, within
from graph.titles import ALIASES, HOSTNAMES, alias, called, title

_WORDS = Members("opened", "bytes", "requests", "errors", "rtt", "loop_opened", "loop_bytes", "p50", "p99")


def graph_nodes() -> str:
    """Return the nodes, by id; details that are empty are not shown.

    The arcs show the worse of two shares: failed connections and failed requests. They and the details of requests are
    about incoming edges, or about outgoing ones if there are no incoming ones. The stats are those of its edges.
    detail__folded counts and names what a node replaces: addresses of a network, or nodes that were too many to draw.
    """
    parts = [*drawn_rows(about_ends=True), HOSTNAMES, ALIASES]
    return within(parts, f"{select(_COLUMNS, inside(_worded()))}\n{ORDERED}")


def _ended() -> str:
    """Return each edge at both of its nodes. A loop is at its node once, with both its ends."""
    looped = "source = target"
    return select(
        {
            "counts": "row.counts",
            "rtt_us": "row.rtt_us",
            "latency": "row.latency",
            "sampling": "row.sampling",
            "looped": looped,
            "id": "id",
            "ends": "ends",
            "serves": "serves",
        },
        "fitted",
        f"ARRAY JOIN if({looped}, [target], [source, target]) AS id,",
        f"    if({looped}, [[row.client, row.server]], [[row.client], [row.server]]) AS ends,",
        f"    if({looped}, [true], [false, true]) AS serves",
    )


_ALIAS = alias("concat('address:', end.part)")
_NAMED = f"ifNull(concat(nullIf({_ALIAS}, ''), ' (', end.part, ')'), end.part)"
# What a node replaces: addresses, processes by their names, services and hosts by their ids.
_PART = f"if(match(end.node, '^(process|network|address):'), {_NAMED}, end.node)"


def _totals() -> str:
    columns = {
        "id": "at.id",
        "members": f"arraySort(groupUniqArrayArray(arrayMap(end -> {_PART}, at.ends)))",
        "hosts": "arrayFilter(host -> host != '', arraySort(groupUniqArrayArray(at.ends.host)))",
        **{name: f"maxArray(at.ends.{name})" for name in ("service", "name", "container", "container_name")},
        "most_rtt_us": "max(at.rtt_us)",
        "all_counts": "sumForEach(at.counts)",
        "loops": "countIf(at.looped)",
        "loop_counts": "sumForEachIf(at.counts, at.looped)",
        "served": "sumForEachIf(at.counts, at.serves)",
        "serving": f"{' + '.join(COUNTS.of('served', name) for name in ('opened', 'failed', 'requests'))} > 0",
        "fate": "if(serving, served, all_counts)",
        "latency": "if(serving, sumMapIf(at.latency, at.serves), sumMap(at.latency))",
        "sampling": "if(serving, maxIf(at.sampling, at.serves), max(at.sampling))",
    }
    return select(columns, f"{inside(_ended())} AS at", group=["at.id"])


def _known() -> str:
    loop_bytes = COUNTS.of("loop_counts", "bytes")
    columns = {
        **NOW.columns,
        "kind": "substringIndex(id, ':', 1)",
        "known_as": alias("id"),
        "hostnames_of": f"arrayMap(host -> {called('host')}, hosts)",
        "requests": _of_fate("requests"),
        "errors": _of_fate("errors"),
        "failed_requests": share("errors", _of_fate),
        "failing": f"greatest({share('failed', _of_fate)}, failed_requests)",
        "bytes_s": f"({COUNTS.of('all_counts', 'bytes')} - {loop_bytes}) / recorded.seconds",
        "loop_bytes_s": f"{loop_bytes} / recorded.seconds",
        "unit": thousands("bytes_s"),
        "loop_unit": thousands("loop_bytes_s"),
    }
    return select(["*", *(f"{made} AS {name}" for name, made in columns.items())], inside(_totals()))


def _worded() -> str:
    opened, loop_opened = COUNTS.of("all_counts", "opened"), COUNTS.of("loop_counts", "opened")
    words = _WORDS.array(
        opened=f"({opened} - {loop_opened}) / recorded.seconds",
        bytes=scaled("bytes_s", "unit"),
        requests="requests / recorded.seconds",
        errors="100 * failed_requests",
        rtt="most_rtt_us / 1000",
        loop_opened=f"{loop_opened} / recorded.seconds",
        loop_bytes=scaled("loop_bytes_s", "loop_unit"),
        p50=NOW.at(0.5),
        p99=NOW.at(0.99),
    )
    return select(["*", f"{short(words)} AS words"], inside(_known()))


def _of_fate(name: str) -> str:
    return COUNTS.of("fate", name)


def _word(name: str) -> str:
    return _WORDS.of("words", name)


_RUNS = "kind IN ('process', 'container', 'service')"
_ON_HOSTS = "kind IN ('process', 'container', 'pod', 'namespace', 'service')"
_FAILED = COUNTS.of("all_counts", "failed")
_LOOP = f"concat({_word('loop_opened')}, ' conn/s, ', {_word('loop_bytes')}, ' ', {unit_name('loop_unit')})"
_MEMBERS = (
    "concat(toString(length(members)), ': ', arrayStringConcat(arraySlice(members, 1, 5), ', '), "
    "if(length(members) > 5, ', …', ''))"
)
_TITLE = title("id", "service", "name", "container", "container_name")
_COLUMNS = {
    "id": "id",
    "title": f"if(known_as != '', known_as, {_TITLE})",
    "subtitle": f"multiIf(known_as != '', {_TITLE}, kind = 'network', 'external', "
    f"{_ON_HOSTS}, arrayStringConcat(arraySlice(hostnames_of, 1, 3), ', '), '')",
    "mainstat": f"concat({_word('opened')}, ' conn/s')",
    "secondarystat": f"concat({_word('bytes')}, ' ', {unit_name('unit')})",
    "arc__ok": "toFloat64(1 - failing)",
    "arc__failed": "toFloat64(failing)",
    "detail__kind": "kind",
    "detail__service": where(_RUNS, "service"),
    "detail__host": "arrayStringConcat(arraySlice(hostnames_of, 1, 10), ', ')",
    "detail__host_id": "hosts[1]",
    "detail__signals": "if(requests > 0, 'requests', 'tcp')",
    "detail__requests": where("requests > 0", f"concat({ABOUT}, {_word('requests')}, ' req/s')"),
    "detail__sampling": LOOKED_AT,
    "detail__errors": where("errors > 0", f"concat({ABOUT}, {_word('errors')}, ' %% of requests')"),
    "detail__latency": times(NOW, _word("p50"), _word("p99")),
    "detail__rtt": where("most_rtt_us > 0", f"concat({_word('rtt')}, ' ms')"),
    "detail__failed": where(f"{_FAILED} > 0", f"concat(toString({_FAILED}), ' connections failed')"),
    "detail__to_itself": where("loops > 0", _LOOP),
    "detail__folded": where("length(members) > 1 OR kind IN ('network', 'other')", _MEMBERS),
}
