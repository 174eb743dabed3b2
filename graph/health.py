"""How well an edge does, and why. The page, the CLI and exports all tell what is judged here."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from schemas import health as limits
from schemas.latency import quantile

Health = Literal["ok", "warn", "bad"]
WORSE: tuple[Health, ...] = ("ok", "warn", "bad")


class Counts(NamedTuple):
    """What an edge is judged by: sums of a stretch, and the sketches of its latency then and usually."""

    opened: int
    failed: int
    segments: int
    retransmits: int
    requests: int = 0
    errors: int = 0
    latency: Mapping[int, int] = {}
    usual: Mapping[int, int] = {}

    @property
    def failed_share(self) -> float:
        """Return the share of connections that failed."""
        return min(1.0, share(self.failed, max(self.opened, self.failed)))

    @property
    def retransmit_share(self) -> float:
        """Return the share of segments that were sent again."""
        return min(1.0, share(self.retransmits, self.segments))


class Fault(NamedTuple):
    """Why an edge is not well: which measure says so, how bad it is, and a phrase for people."""

    measure: Literal["errors", "failed", "retransmits", "latency"]
    health: Health
    text: str


def share(part: float, whole: float) -> float:
    """Return a part of a whole, 0 of nothing."""
    return part / whole if whole else 0.0


def faults(of: Counts) -> list[Fault]:
    """Return all that is wrong with an edge, the worst first."""
    error_share = share(of.errors, of.requests)
    found = [
        Fault(
            "errors", _failing(error_share), f"{_percent(error_share)} of requests fail ({of.errors} of {of.requests})"
        ),
        Fault("failed", _failing(of.failed_share), f"{_percent(of.failed_share)} of connections fail ({of.failed})"),
        Fault("retransmits", _lossy(of), f"{_percent(of.retransmit_share)} of segments sent again"),
        *_slow(of.latency, of.usual),
    ]
    wrong = [fault for fault in found if fault.health != "ok"]
    return sorted(wrong, key=lambda fault: -WORSE.index(fault.health))


def usual_ms(usual: Mapping[int, int]) -> float | None:
    """Return how long half of the answers usually take at most; None where too few say so."""
    return quantile(usual, limits.HALF) / 1000 if sum(usual.values()) >= limits.USUAL_ANSWERS else None


def judgement(found: list[Fault]) -> dict[str, Any]:
    """Return how well something does as an edge tells it."""
    return {"health": worst(*(fault.health for fault in found)), "why": [fault._asdict() for fault in found]}


def worst(*found: Health) -> Health:
    """Return the worst."""
    return max(found, key=WORSE.index, default="ok")


def softened(found: Health) -> Health:
    """Return what a client's trouble with a server says of the client: it has some, and may not be to blame."""
    return "warn" if found == "bad" else found


def _failing(failed: float) -> Health:
    return "bad" if failed >= limits.BAD_SHARE else "warn" if failed >= limits.WARN_SHARE else "ok"


def _lossy(of: Counts) -> Health:
    return "warn" if of.retransmit_share >= limits.LOSSY_SHARE and of.segments >= limits.LOSSY_SEGMENTS else "ok"


def _slow(latency: Mapping[int, int], usual: Mapping[int, int]) -> Iterable[Fault]:
    """Yield that answers take longer than is usual: half of them, or else one in ten."""
    if sum(latency.values()) < limits.SLOW_ANSWERS or sum(usual.values()) < limits.USUAL_ANSWERS:
        return
    halves, tenths = (limits.HALF, limits.USUAL_MOST), (limits.TENTH, limits.USUAL_NEARLY_ALL)
    for (part, most), words in ((halves, ""), (tenths, "one answer in ten takes ")):
        now, then, rarely = (quantile(*each) / 1000 for each in ((latency, part), (usual, part), (usual, most)))
        if now <= rarely or now < max(limits.SLOW_TIMES * then, then + limits.SLOW_MS):
            continue
        stalled = now >= max(limits.STALLED_TIMES * then, then + limits.STALLED_MS)
        yield Fault("latency", "bad" if stalled and not words else "warn", f"{words}{_ms(now)}, usually {_ms(then)}")
        return


def _percent(part: float) -> str:
    return f"{100 * part:.3g} %"


def _ms(time: float) -> str:
    return f"{time / 1000:.3g} s" if time >= 1000 else f"{time:.3g} ms"
