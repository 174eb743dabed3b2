"""The health of an edge and of a node, and its reasons. The page, the CLI and exports all show this result."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from graph.sampled import looked_at
from schemas import health as limits
from schemas.latency import quantile

Health = Literal["ok", "warn", "bad"]
WORSE: tuple[Health, ...] = ("ok", "warn", "bad")


class Counts(NamedTuple):
    """The counts that decide the health of an edge: sums of a time range, and latency sketches of it and of before.

    The sums have the names of `limits.JUDGED`; those that are missing are 0. Those of requests may be estimates, from
    one of `sampling` connections.
    """

    sums: Mapping[str, int]
    latency: Mapping[int, int] = {}
    usual: Mapping[int, int] = {}
    sampling: int = 1

    def shares(self) -> dict[str, float]:
        """Return the shares that every edge has, as fields of an edge."""
        return {limit.name: share_of(part, self.sums) for part, limit in limits.EDGE_SHARES.items()}


class Fault(NamedTuple):
    """A reason for bad health: the measure (latency, kills, or the part of a share), how bad it is, and a phrase."""

    measure: str
    health: Health
    text: str


def share(part: float, whole: float) -> float:
    """Return a part divided by the whole; 1 if the part is greater, 0 if the whole is 0."""
    return part / max(whole, part, 1)


def whole(part: str, sums: Mapping[str, int]) -> int:
    """Return what a part is a share of: without that of which nobody knows whether it belongs to the part."""
    limit = limits.SHARES[part]
    return sums.get(limit.whole, 0) - sums.get(limit.unknown, 0)


def share_of(part: str, sums: Mapping[str, int]) -> float:
    """Return the share that a part has of its whole; 0 if the whole is 0."""
    return share(sums.get(part, 0), whole(part, sums))


def known_share(part: str, sums: Mapping[str, int]) -> float | None:
    """Return the share that a part has of its whole; None if the whole is 0."""
    return share_of(part, sums) if whole(part, sums) else None


def faults(of: Counts) -> list[Fault]:
    """Return the faults of an edge, the worst first."""
    found = [*(_judged(part, of.sums) for part in limits.SHARES), *_slow(of.latency, of.usual)]
    return [_told(fault, of.sampling) for fault in _wrong(found)]


def _told(fault: Fault, sampling: int) -> Fault:
    """Return a fault that says so if it is judged by an estimate, as those of requests may be."""
    if sampling <= 1 or fault.measure in limits.EDGE_SHARES:
        return fault
    return fault._replace(text=f"{fault.text}, estimated: {looked_at(sampling)}")


def _wrong(found: Iterable[Fault]) -> list[Fault]:
    wrong = [fault for fault in found if fault.health != "ok"]
    return sorted(wrong, key=lambda fault: -WORSE.index(fault.health))


def node_faults(periods: int, throttled: int, kills: int) -> list[Fault]:
    """Return the faults of a node itself, the worst first; those of its edges are theirs."""
    limit, found = limits.THROTTLED, share(throttled, periods)
    texts = {1: "a process killed for want of memory", 2: "killed for want of memory twice"}
    level = max((level for level, least in limits.KILLS.items() if kills >= least), default=limits.OK)
    faults = [
        Fault("kills", WORSE[level], texts.get(kills, f"killed for want of memory {kills} times")),
        Fault("throttled", _health(limit, found, periods), limit.phrase.format(share=_percent(found))),
    ]
    return _wrong(faults)


def _judged(part: str, sums: Mapping[str, int]) -> Fault:
    limit = limits.SHARES[part]
    found, of = share_of(part, sums), whole(part, sums)
    words = {"share": _percent(found), "part": sums.get(part, 0), "whole": of}
    return Fault(part, _health(limit, found, of), limit.phrase.format(**words))


def usual_ms(usual: Mapping[int, int]) -> float | None:
    """Return the usual median of the answers' times, ms; None with too few answers."""
    return quantile(usual, 0.5) / 1000 if sum(usual.values()) >= limits.USUAL_ANSWERS else None


def judgement(found: list[Fault]) -> dict[str, Any]:
    """Return the health and its reasons as fields of an edge."""
    return {"health": worst(*(fault.health for fault in found)), "why": [fault._asdict() for fault in found]}


def worst(*found: Health) -> Health:
    """Return the worst health; ok if there is none."""
    return max(found, key=WORSE.index, default="ok")


def softened(found: Health) -> Health:
    """Return a client's health from that of an edge to a server: at most warn, as the server may be at fault."""
    return "warn" if found == "bad" else found


def _health(limit: limits.Share, found: float, of: int) -> Health:
    if of < limit.enough:
        return "ok"
    return "bad" if limit.bad is not None and found >= limit.bad else "warn" if found >= limit.warn else "ok"


def _slow(latency: Mapping[int, int], usual: Mapping[int, int]) -> Iterable[Fault]:
    """Yield a fault when answers take longer than usual: at the median, or else at the slowest tenth."""
    if sum(latency.values()) < limits.SLOW_ANSWERS or sum(usual.values()) < limits.USUAL_ANSWERS:
        return
    for rule in limits.SLOW:
        shares = ((latency, rule.share), (usual, rule.share), (usual, rule.nearly_all))
        now, then, rarely = (quantile(*each) / 1000 for each in shares)
        if now <= rarely or not _longer(now, then, rule.warn):
            continue
        words = "" if rule is limits.SLOW[0] else "one answer in ten takes "
        health: Health = "bad" if rule.bad is not None and _longer(now, then, rule.bad) else "warn"
        yield Fault("latency", health, f"{words}{_ms(now)}, usually {_ms(then)}")
        return


def _longer(now: float, then: float, limit: limits.Longer) -> bool:
    return now >= max(limit.times * then, then + limit.ms)


def _percent(part: float) -> str:
    return f"{100 * part:.3g} %"


def _ms(time: float) -> str:
    return f"{time / 1000:.3g} s" if time >= 1000 else f"{time:.3g} ms"
