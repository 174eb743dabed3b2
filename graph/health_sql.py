"""The health of an edge in SQL, by the limits of graph/health.py: 0 ok, 1 warn, 2 bad."""

from collections.abc import Callable

from graph.quantiles import Quantiles
from schemas import health as limits

NOW = Quantiles("times", "latency", (0.5, 0.9, 0.99))
USUAL = Quantiles("usual_times", "usual", (0.5, 0.9, 0.95, 0.99))


def whole(part: str, sums: Callable[[str], str]) -> str:
    """Return what a part is a share of: without that of which nobody knows whether it belongs to the part."""
    limit = limits.SHARES[part]
    return f"toUInt64({sums(limit.whole)} - {sums(limit.unknown)})" if limit.unknown else sums(limit.whole)


def share(part: str, sums: Callable[[str], str]) -> str:
    """Return a part divided by its whole; 1 if the part is greater, 0 if the whole is 0."""
    return f"{sums(part)} / greatest({whole(part, sums)}, {sums(part)}, 1)"


def known_share(part: str, sums: Callable[[str], str]) -> str:
    """Return a part divided by its whole; NULL if the whole is 0."""
    return f"{sums(part)} / nullIf({whole(part, sums)}, 0)"


def shares(sums: Callable[[str], str]) -> dict[str, str]:
    """Return the shares by which an edge is judged, by their names, from its sums (`limits.JUDGED`)."""
    return {limit.name: share(part, sums) for part, limit in limits.SHARES.items()}


def health(sums: Callable[[str], str], found: Callable[[str], str]) -> str:
    """Return the health of an edge from its sums, its shares, and its times (NOW and USUAL)."""
    judged = (_judged(found(limit.name), whole(part, sums), limit) for part, limit in limits.SHARES.items())
    return f"greatest({', '.join([*judged, _slow()])})"


def _judged(found: str, of: str, limit: limits.Share) -> str:
    steps = [f"{of} < {limit.enough}, {limits.OK}"] if limit.enough else []
    steps += [f"{found} >= {limit.bad}, {limits.BAD}"] if limit.bad is not None else []
    return f"multiIf({', '.join(steps)}{', ' if steps else ''}{found} >= {limit.warn}, {limits.WARN}, {limits.OK})"


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
