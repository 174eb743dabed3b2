"""What one end of a connection counts in a window: in raw records as a collector reads it, in derived ones merged.

A new counter is declared here, and read from the kernel in collectors/diag.py and collectors/tracked.py. Tables, views,
roll-ups, merges, maps, series, the charts of the page and of Grafana, and the reference pages have it then.
"""

from typing import Annotated

from msgspec import Meta, field

from schemas.columns import Bools, Columns, Ints
from schemas.facts import Chart, Fact, Merge, Roll, Unit, fact, facts
from schemas.kinds import U32

BYTES, SEGMENTS, MICROSECONDS = Unit.BYTES, Unit.SEGMENTS, Unit.MICROSECONDS
RATE, MEAN, NONE = Chart.RATE, Chart.MEAN, Chart.NONE


def _happens(meaning: str, label: str) -> Meta:
    return fact(meaning, Merge.MAX, roll=Roll.SUM, unit=Unit.CONNECTIONS, label=label)


def _counts(meaning: str, label: str, unit: Unit, chart: Chart, mirror: str = "") -> Meta:
    return fact(meaning, Merge.MAX, roll=Roll.SUM, unit=unit, label=label, chart=chart, mirror=mirror)


def _measures(meaning: str, label: str, chart: Chart, roll: Roll = Roll.MAX) -> Meta:
    return fact(f"{meaning}, microseconds", Merge.MAX, U32, roll=roll, unit=MICROSECONDS, label=label, chart=chart)


class Happened(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """What happened to a connection in the window. Both ends see it, and it counts once."""

    opened: Annotated[Bools, _happens("opened in the window", "New connections")] = field(default_factory=list)
    closed: Annotated[Bools, _happens("closed in the window", "Closed connections")] = field(default_factory=list)
    failed: Annotated[Bools, _happens("connect failed in the window", "Failed connections")] = field(
        default_factory=list
    )


class Counted(Happened, frozen=True, kw_only=True, omit_defaults=True):
    """The same, with what an end counted in the window and what it measured."""

    sent_bytes: Annotated[Ints, _counts("payload bytes sent", "Bytes sent", BYTES, RATE, "received_bytes")] = field(
        default_factory=list
    )
    received_bytes: Annotated[Ints, _counts("payload bytes received", "Bytes received", BYTES, RATE, "sent_bytes")] = (
        field(default_factory=list)
    )
    sent_segments: Annotated[Ints, _counts("segments sent", "Segments sent", SEGMENTS, NONE)] = field(
        default_factory=list
    )
    received_segments: Annotated[Ints, _counts("segments received", "Segments received", SEGMENTS, NONE)] = field(
        default_factory=list
    )
    retransmits: Annotated[
        Ints,
        _counts("segments sent again, as they were lost or not acknowledged in time", "Sent again", SEGMENTS, RATE),
    ] = field(default_factory=list)
    out_of_order_segments: Annotated[
        Ints, _counts("segments received before an earlier one", "Out of order", SEGMENTS, RATE)
    ] = field(default_factory=list)
    rtt_us: Annotated[Ints, _measures("smoothed round-trip time", "Round trip", MEAN)] = field(default_factory=list)
    min_rtt_us: Annotated[Ints, _measures("least round-trip time", "Least round trip", NONE, Roll.LEAST)] = field(
        default_factory=list
    )
    queued_bytes: Annotated[
        Ints,
        fact(
            "bytes that have come and wait to be read by the program, of Unix sockets alone",
            Merge.MAX,
            U32,
            roll=Roll.MAX,
            unit=BYTES,
            label="Queued",
            chart=MEAN,
        ),
    ] = field(default_factory=list)


HAPPENED: dict[str, Fact] = facts(Happened)
COUNTED: dict[str, Fact] = facts(Counted)
COUNTERS = {name: one for name, one in COUNTED.items() if name not in HAPPENED}
SUMS: tuple[str, ...] = tuple(name for name, one in COUNTERS.items() if one.roll is Roll.SUM)
OF_UNIX = ("queued_bytes",)  # all that the kernel shows of what goes over a Unix socket
UNCOUNTED: dict[str, tuple[str, ...]] = {"unix": OF_UNIX, "udp": ()}
"""Transports of which the kernel counts nothing, and the counters that it shows of them nevertheless."""
OWN = {name: one for name, one in COUNTERS.items() if not one.mirror}  # what each end counts or measures of its own
