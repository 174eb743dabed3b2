"""All risks, in the order of their weight."""

from collections.abc import Collection

from graph.risks import crossing, disagreeing, expected, exposed, outside, single, stores, unseen, unused
from graph.risks.risk import Finding, Risk, Seen

RISKS: dict[str, Risk] = {
    one.RISK.name: one.RISK
    for one in (exposed, expected, stores, single, disagreeing, unseen, outside, crossing, unused)
}


def findings(seen: Seen, names: Collection[str] = tuple(RISKS)) -> list[Finding]:
    """Return what is found of some risks, by their weight and then by name; one case is found once."""
    return [one for name, risk in RISKS.items() if name in names for one in sorted(set(risk.find(seen)))]
