"""The health of an edge in SQL, from the limits that graph/health.py judges by: 0 ok, 1 to watch, 2 bad."""

from graph.quantiles import Quantiles
from schemas import health as limits

NOW = Quantiles("times", "latency", (0.5, 0.9, 0.99))
USUAL = Quantiles("usual_times", "usual", (0.5, 0.9, 0.95, 0.99))


def failed_share(opened: str, failed: str) -> str:
    """Return the share of connections that failed: of those opened, or of those that failed if these are more."""
    return f"{failed} / greatest({opened}, {failed}, 1)"


def error_share(requests: str, errors: str) -> str:
    """Return the share of requests that failed."""
    return f"{errors} / greatest({requests}, 1)"


def retransmit_share(segments: str, retransmits: str) -> str:
    """Return the share of segments that were retransmitted."""
    return f"least(1, {retransmits} / greatest({segments}, 1))"


def health(failed: str, errors: str, retransmits: str, segments: str) -> str:
    """Return the health of an edge from its shares, and from its times, which are columns (NOW and USUAL)."""
    found = (_of("failed", failed), _of("errors", errors), _of("retransmits", retransmits, segments), _slow())
    return f"greatest({', '.join(found)})"


def _of(measure: str, part: str, whole: str = "") -> str:
    limit = limits.SHARES[measure]
    steps = [f"{whole} < {limit.enough}, {limits.OK}"] if limit.enough else []
    steps += [f"{part} >= {limit.bad}, {limits.BAD}"] if limit.bad is not None else []
    return f"multiIf({', '.join(steps)}{', ' if steps else ''}{part} >= {limit.warn}, {limits.WARN}, {limits.OK})"


def _slow() -> str:
    steps = [f"{NOW.answers} < {limits.SLOW_ANSWERS} OR {USUAL.answers} < {limits.USUAL_ANSWERS}, {limits.OK}"]
    for rule in limits.SLOW:
        slow = f"{NOW.at(rule.share)} > {USUAL.at(rule.nearly_all)} AND {_longer(rule, rule.warn)}"
        bad = f"if({_longer(rule, rule.bad)}, {limits.BAD}, {limits.WARN})" if rule.bad else str(limits.WARN)
        steps.append(f"{slow}, {bad}")
    return f"multiIf({', '.join(steps)}, {limits.OK})"


def _longer(rule: limits.Slow, limit: limits.Longer) -> str:
    now, usual = NOW.at(rule.share), USUAL.at(rule.share)
    return f"{now} >= greatest({limit.times} * {usual}, {usual} + {limit.ms})"
