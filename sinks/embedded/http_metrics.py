"""The store's own metrics, in Prometheus' text format."""

from collections.abc import Iterator
from importlib.metadata import version

from schemas.metrics import BUILD_INFO, STORE, STORE_CONNECTIONS, STORE_TROUBLE, Sample, exposition
from sinks.embedded.context import Context

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_VERSION = version("servicemap")


def prepare() -> None:
    """Load what writing metrics takes: a confined process can import nothing."""
    exposition(())


def samples(context: Context) -> Iterator[Sample]:
    """Yield what is known of the store's clients."""
    yield Sample(BUILD_INFO, 1, (_VERSION, STORE))
    for of, count in context.places.counts().items():
        yield Sample(STORE_CONNECTIONS, count, (of,))
    for reason, count in context.tally.counts().items():
        yield Sample(STORE_TROUBLE, count, (reason,))
