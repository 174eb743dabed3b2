"""What the page shows of the counters of an edge: labels and units, from their declaration (schemas/counted.py)."""

from collections.abc import Iterable
from typing import Any

from graph.columns import ENDS
from graph.traffic import TO_CLIENT, TO_SERVER
from schemas.counted import COUNTED, OWN
from schemas.facts import Unit
from schemas.health import EDGE_SHARES


def _side(label: str, unit: Unit, columns: Iterable[str]) -> dict[str, Any]:
    return {"label": label, "unit": unit, **{column.partition("_")[0]: column for column in columns}}


# What each side counted: the field of an edge that the client's host counted, and that of the server's host.
SIDES = (
    _side("To the server", Unit.BYTES, TO_SERVER),
    _side("To the client", Unit.BYTES, TO_CLIENT),
    *(_side(one.label, one.unit, (f"{end}_{name}" for end in ENDS)) for name, one in OWN.items()),
)
# The shares that every edge is judged by: the measure of its faults, and the field of an edge.
MEASURES = tuple(
    {"label": COUNTED[part].label, "measure": part, "field": share.name} for part, share in EDGE_SHARES.items()
)
