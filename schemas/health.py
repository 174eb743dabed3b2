"""From when on an edge does badly. Declared here once: graph/health.py judges by it in Python and in SQL."""

from typing import NamedTuple

from schemas.counted import COUNTED, COUNTERS

OK, WARN, BAD = 0, 1, 2  # the levels of health; the greater, the worse


class Share(NamedTuple):
    """A part of a `whole`: from which share on it is worth a warning or bad, where the whole is `enough`.

    `name` is that of the share in answers, and `phrase` is what people read of it. What is `unknown` is left out of the
    whole, because it may belong to the part or not.
    """

    name: str
    whole: str
    phrase: str
    warn: float
    bad: float | None = None
    enough: int = 0
    unknown: str = ""


class Longer(NamedTuple):
    """So many times as long as is usual, and so many ms longer at the least: what answers in 2 ms may well take 6."""

    times: float
    ms: float


class Slow(NamedTuple):
    """Answers are slow when a share of them takes longer than usual, and longer than nearly all usually do.

    Where one answer in five is a report that takes a second, a minute of reports is nothing unusual.
    """

    share: float
    nearly_all: float
    warn: Longer
    bad: Longer | None = None


BAD_SHARE, WARN_SHARE = 0.05, 0.01
SHARES = {  # by the part; those of counters (schemas/counted.py) are of both ends together
    "errors": Share(
        "error_share",
        "requests",
        "{share} of requests fail ({part} of {whole})",
        WARN_SHARE,
        BAD_SHARE,
        unknown="unseen",
    ),
    "failed": Share("failed_share", "opened", "{share} of connections fail ({part})", WARN_SHARE, BAD_SHARE),
    # A connection to a peer abroad may well lose one in a hundred.
    "retransmits": Share("retransmit_share", "sent_segments", "{share} of segments sent again", 0.03, enough=20),
}
# Those that every edge has, also without requests; and among them, those that an end counts while a connection lasts.
EDGE_SHARES = {part: share for part, share in SHARES.items() if part in COUNTED}
COUNTER_SHARES = {part: share for part, share in SHARES.items() if part in COUNTERS}
# The sums that all shares are of, and thus all that an edge is judged by but its times; and those of them of requests.
JUDGED = tuple(
    dict.fromkeys(name for part, share in SHARES.items() for name in (part, share.whole, share.unknown) if name)
)
OF_REQUESTS = tuple(name for name in JUDGED if name not in COUNTED)
# Of a node, by the periods of its CPU quotas: few are normal where a quota is set, and what they do shows in latency.
THROTTLED = Share("throttled_share", "cpu_periods", "throttled in {share} of its CPU periods", 0.25, enough=50)
KILLS = {WARN: 1, BAD: 2}  # processes of a node that the kernel killed for want of memory
_SLOW = Longer(times=3, ms=25)
SLOW = (Slow(0.5, 0.95, _SLOW, bad=Longer(times=5, ms=100)), Slow(0.9, 0.99, _SLOW))  # the first that holds counts
SLOW_ANSWERS, USUAL_ANSWERS = 5, 20  # fewer answers prove nothing, now and usually
USUAL_MS = 3_600_000  # before a range, of which what is usual is known


class Alert(NamedTuple):
    """The share from which people are called, where there are enough: of those that failed, or of all."""

    beyond: float
    enough: int
    of: int = 0


ALERTS = {
    "errors": Alert(BAD_SHARE, 5, of=10),
    "failed": Alert(0.2, 5),
    "retransmits": Alert(0.05, 200),  # segments that a side sent
}
