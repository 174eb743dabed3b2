"""`risks`: what a map shows that nobody asked for: risks and leftovers."""

from typing import Annotated

from msgspec import Meta, structs

from answers.asked import Ranged
from answers.mapped import mapped
from answers.question import Answered, Question
from graph.asking import Store
from graph.model import Wanted
from graph.risks.all import RISKS, findings
from graph.risks.reading import read_seen
from graph.risks.risk import Finding
from schemas.times import DAY_MS

_ONE = f"^({'|'.join(RISKS)})?$"
_KINDS = "; ".join(f"{one.name}: {one.about}" for one in RISKS.values())


class RisksAsked(Ranged, frozen=True, kw_only=True):
    """A range, by default the last day, and one risk or all."""

    risk: Annotated[
        str,
        Meta(
            pattern=f"^({'|'.join(RISKS)})?$",
            description=f"Only this one. {_KINDS}.",
            extra_json_schema={"enum": ["", *RISKS]},
        ),
    ] = ""


class RisksAnswer(Answered, kw_only=True):
    """The findings, the weightiest risks first."""

    findings: list[Finding]


def _answer(store: Store, asked: RisksAsked, now: int) -> RisksAnswer:
    asked.check()
    if asked.since is None:
        asked = structs.replace(asked, since=(now if asked.at is None else asked.at) - DAY_MS)
    of = mapped(store, asked, Wanted(start=0, end=0, level="process"), now)
    about = of.about()
    found = findings(read_seen(store, of.found), [asked.risk] if asked.risk else tuple(RISKS))
    about["notes"].append(f"{len(found)} findings in the {of.title}")
    return RisksAnswer(**about, findings=found)


RISKS_QUESTION = Question(
    "risks",
    "Risks and leftovers: single instances, stores without a peer or open to the internet, unused listeners and more.",
    RisksAsked,
    RisksAnswer,
    _answer,
    rows="findings",
)
