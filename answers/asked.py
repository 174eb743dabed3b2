"""What questions ask for: the parameters that many share. Times in ms since the epoch."""

from typing import Annotated

from msgspec import Meta, Struct

from answers.faults import BadRequest
from graph.filters.parsing import BadFilter, parse_filter
from graph.levels import LEVELS

WRITTEN = "10m or 1h30m (ago), yesterday, 12:00 (of today, UTC), 2026-05-01T12:00Z, @1777629600 or now"
Moment = Annotated[int, Meta(extra={"written": True})]
"""A time, which programs write as people do (schemas/moments.py)."""
_KINDS = f"Kind of the nodes: {', '.join(LEVELS)}."
Level = Annotated[
    str, Meta(pattern=f"^({'|'.join(LEVELS)})$", description=_KINDS, extra_json_schema={"enum": list(LEVELS)})
]
Text = Annotated[str, Meta(max_length=500)]
Matching = Annotated[Text, Meta(description="Only what matches a filter: 'health:bad -infra rps>10'.")]
Named = Annotated[Text, Meta(min_length=1, description="A node: its name on the map, or its id.")]


class Ranged(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A range of time: by default the last stored minute."""

    since: Annotated[Moment | None, Meta(description=f"Start of the range: {WRITTEN}.")] = None
    at: Annotated[
        Moment | None, Meta(description="End of the range; without since it is a minute long.")
    ] = None  # fmt: skip

    def check(self) -> None:
        """Refuse a range that ends before it begins."""
        if self.since is not None and self.at is not None and self.since >= self.at:
            raise BadRequest("the time range is empty: since must be earlier than at")


class OfMap(Ranged, frozen=True, kw_only=True):
    """The map of a range at a level."""

    level: Level = "service"


class Drawing(OfMap, frozen=True, kw_only=True):
    """The map of a range as a graph: an arrow from each client to each of its servers."""

    collapse: Annotated[bool, Meta(description="Draw load balancers, proxies and queues through.")] = False
    overlay: Annotated[
        Text, Meta(description="Only edges with this annotation: essential, essential!=false.")
    ] = ""  # fmt: skip
    filter: Matching = ""

    def check(self) -> None:
        """Refuse a range that ends before it begins, and what is no filter."""
        super().check()
        check_filter(self.filter)


def check_filter(text: str) -> None:
    """Refuse a text that is no filter."""
    try:
        parse_filter(text)
    except BadFilter as error:
        raise BadRequest(f"filter: {error}") from None
