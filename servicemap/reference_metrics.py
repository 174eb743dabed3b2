"""The reference page of metrics."""

from collections.abc import Iterator
from itertools import groupby

from schemas.metrics import METRICS
from servicemap.exposing import FIRST_PORT, PARTS

_PORTS = ",\n".join(f"`{part}` on port {FIRST_PORT + at}" for at, part in enumerate(PARTS))
_HEAD = f"""# Metrics

Each part serves metrics about itself in Prometheus' text format at `/metrics`: {_PORTS}
of 127.0.0.1, or on the next port that is free. The embedded store serves its own on its HTTP port. [How to scrape
them](../howto/metrics.md). Every part but the store, which may not read /proc, has the usual metrics of its
process (`process_*`).

A counter in **bold** should not grow; `servicemap doctor` shows it where it is not 0.

This page is generated from the code by `make golden`.
"""


def page() -> str:
    """Return the page, in Markdown."""
    return "\n".join([_HEAD, *_tables()])


def _tables() -> Iterator[str]:
    for part, metrics in groupby(sorted(METRICS, key=lambda metric: metric.part), key=lambda metric: metric.part):
        yield f"## {part}\n"
        yield "| metric | kind | labels | meaning |"
        yield "|---|---|---|---|"
        for metric in metrics:
            name = f"**`{metric.full_name}`**" if metric.matters else f"`{metric.full_name}`"
            yield f"| {name} | {metric.kind.value} | {', '.join(metric.labels)} | {metric.meaning} |"
        yield ""
