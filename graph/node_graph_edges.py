"""Edges of a node graph, one for each pair of nodes and direction. A loop is shown as a detail of its node."""

from graph.health_sql import NOW, USUAL, health, shares
from graph.members import Members
from graph.node_graph import ORDERED, drawn_rows
from graph.node_graph_pairs import COUNTS
from graph.node_graph_text import ABOUT, LOOKED_AT, scaled, short, thousands, times, unit_name, where
from graph.sql import inside, select, within
from schemas.counted import COUNTERS
from schemas.health import COUNTER_SHARES, SHARES, USUAL_ANSWERS

COLORS = ("#73bf69", "#ff9830", "#e02f44")  # by health
_WORDS = Members("opened", "bytes", "requests", "rtt", "usual", "p50", "p99", *SHARES)


def graph_edges() -> str:
    """Return the edges, by id; details that are empty are not shown.

    failed_share is the worse of two: connections that failed, and requests. The colour is that of the health.
    """
    return within(drawn_rows(about_usual=True), f"{select(_COLUMNS, inside(_worded()))}\n{ORDERED}")


def _between() -> str:
    """Return edges between nodes. The usual traffic of two services counts once, however many processes they have."""
    services = select(
        {
            "source": "source",
            "target": "target",
            "port": "row.port",
            "counts": "sumForEach(row.counts)",
            "rtt_us": "max(row.rtt_us)",
            "sampling": "max(row.sampling)",
            "latency": "sumMap(row.latency)",
            "usual": "maxMap(row.usual)",
        },
        "fitted",
        where="source != target",
        group=("source", "target", "row.port", "row.caller", "row.callee"),
    )
    columns = {
        "source": "one.source",
        "target": "one.target",
        "ports": "arraySort(groupUniqArray(one.port))",
        "counts": "sumForEach(one.counts)",
        "rtt_us": "max(one.rtt_us)",
        "sampling": "max(one.sampling)",
        "latency": "sumMap(one.latency)",
        "usual": "sumMap(one.usual)",
    }
    return select(columns, f"{inside(services)} AS one", group=("one.source", "one.target"))


def _judged() -> str:
    counted = select(
        ["* EXCEPT counts", *(f"{made} AS {name}" for name, made in COUNTS.columns("counts").items())],
        inside(_between()),
    )
    columns = {
        **NOW.columns,
        **USUAL.columns,
        "bytes_s": "bytes / recorded.seconds",
        "unit": thousands("bytes_s"),
        **shares(str),
    }
    added = [f"{made} AS {name}" for name, made in columns.items()]
    return select(["* EXCEPT (latency, usual)", *added], inside(counted))


def _worded() -> str:
    words = _WORDS.array(
        opened="opened / recorded.seconds",
        bytes=scaled("bytes_s", "unit"),
        requests="requests / recorded.seconds",
        rtt="rtt_us / 1000",
        usual=USUAL.at(0.5),
        p50=NOW.at(0.5),
        p99=NOW.at(0.99),
        **{part: f"100 * {of.name}" for part, of in SHARES.items()},
    )
    return select(["*", f"{health(str, str)} AS health", f"{short(words)} AS words"], inside(_judged()))


def _word(name: str) -> str:
    return _WORDS.of("words", name)


_COLUMNS = {
    "id": "concat(source, ' > ', target)",
    "source": "source",
    "target": "target",
    "mainstat": f"concat({_word('opened')}, ' conn/s')",
    "secondarystat": f"concat({_word('bytes')}, ' ', {unit_name('unit')})",
    "thickness": "toFloat64(round(1 + least(7, log2(1 + bytes_s / 1000) / 2), 1))",
    "color": f"{list(COLORS)}[health + 1]",
    "detail__ports": "arrayStringConcat(arraySlice(ports, 1, 10), ', ')",
    "detail__signals": "if(requests > 0, 'requests', 'tcp')",
    "detail__requests": where("requests > 0", f"concat({ABOUT}, {_word('requests')}, ' req/s')"),
    "detail__sampling": LOOKED_AT,
    "detail__errors": where("errors > 0", f"concat({ABOUT}, {_word('errors')}, ' %% of requests')"),
    "detail__latency": times(NOW, _word("p50"), _word("p99")),
    "detail__usual": where(
        f"notEmpty({NOW.name}_buckets) AND {USUAL.answers} >= {USUAL_ANSWERS}",
        f"concat('p50 ', {_word('usual')}, ' ms')",
    ),
    "detail__rtt": where("rtt_us > 0", f"concat({_word('rtt')}, ' ms')"),
    "detail__failed": where("failed > 0", "concat(toString(failed), ' connections failed')"),
    **{
        f"detail__{part}": where(f"{part} > 0", f"concat({_word(part)}, ' %% of {COUNTERS[of.whole].unit}')")
        for part, of in COUNTER_SHARES.items()
    },
    "failed_share": "toFloat64(greatest(failed_share, error_share))",
    **{of.name: f"toFloat64({of.name})" for of in COUNTER_SHARES.values()},
}
