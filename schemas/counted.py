"""What one end of a connection counts in a window: in raw records as a collector reads it, in derived ones merged.

A new counter is declared here, and read from the kernel in collectors/tcp_info.py. Tables, views, roll-ups, merges and
reference pages have it then.
"""

from typing import Annotated

from msgspec import field

from schemas.columns import Bools, Columns, Ints
from schemas.facts import Fact, Merge, Roll, Unit, fact, facts
from schemas.kinds import U32

MAX, SUM, LEAST = Merge.MAX, Roll.SUM, Roll.LEAST


class Happened(Columns, frozen=True, kw_only=True, omit_defaults=True):
    """What happened to a connection in the window. Both ends see it, and it counts once."""

    opened: Annotated[Bools, fact("opened in the window", MAX, roll=SUM, unit=Unit.CONNECTIONS)] = field(
        default_factory=list
    )
    closed: Annotated[Bools, fact("closed in the window: its last row", MAX, roll=SUM, unit=Unit.CONNECTIONS)] = field(
        default_factory=list
    )
    failed: Annotated[Bools, fact("connect failed in the window", MAX, roll=SUM, unit=Unit.CONNECTIONS)] = field(
        default_factory=list
    )


class Counted(Happened, frozen=True, kw_only=True, omit_defaults=True):
    """The same, with what an end counted in the window and what it measured."""

    sent_bytes: Annotated[Ints, fact("payload bytes sent", MAX, roll=SUM, unit=Unit.BYTES)] = field(
        default_factory=list
    )
    received_bytes: Annotated[Ints, fact("payload bytes received", MAX, roll=SUM, unit=Unit.BYTES)] = field(
        default_factory=list
    )
    sent_segments: Annotated[Ints, fact("segments sent", MAX, roll=SUM, unit=Unit.SEGMENTS)] = field(
        default_factory=list
    )
    received_segments: Annotated[Ints, fact("segments received", MAX, roll=SUM, unit=Unit.SEGMENTS)] = field(
        default_factory=list
    )
    retransmits: Annotated[Ints, fact("segments retransmitted", MAX, roll=SUM, unit=Unit.SEGMENTS)] = field(
        default_factory=list
    )
    out_of_order_segments: Annotated[
        Ints, fact("segments received before an earlier one", MAX, roll=SUM, unit=Unit.SEGMENTS)
    ] = field(default_factory=list)
    rtt_us: Annotated[
        Ints, fact("smoothed round-trip time, microseconds", MAX, U32, unit=Unit.MICROSECONDS, label="round trip")
    ] = field(default_factory=list)
    min_rtt_us: Annotated[
        Ints, fact("least round-trip time, microseconds", MAX, U32, roll=LEAST, unit=Unit.MICROSECONDS)
    ] = field(default_factory=list)


HAPPENED: dict[str, Fact] = facts(Happened)
COUNTED: dict[str, Fact] = facts(Counted)
COUNTERS = {name: one for name, one in COUNTED.items() if name not in HAPPENED}
SUMS: tuple[str, ...] = tuple(name for name, one in COUNTERS.items() if one.roll is SUM)
