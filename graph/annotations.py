"""Annotations as they are stored, and the view of them for people."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from graph.asking import Store
from graph.columns import EdgeColumn
from graph.hosts import LabelsRow, labels
from graph.model import ServiceMap
from graph.overlays import annotated, at_time
from graph.sql import inside, select
from schemas.kinds import LABEL, TEXT, TIME
from schemas.overlays import DIGITS, Annotation, OverlaySchema, said

MOST = 100_000  # annotations that are read
OVERLAYS = (
    EdgeColumn("overlay", LABEL, "name of the overlay"),
    EdgeColumn("target", TEXT, "selector of nodes (service=redis*) or edges (a > b)"),
    EdgeColumn("value", TEXT, "what is said, as JSON"),
    EdgeColumn("text", TEXT, "what is said, as people read it: a text without quotes, all else as JSON"),
    EdgeColumn("valid_from", TIME, "from when on it holds"),
    EdgeColumn("valid_to", TIME, "up to when it holds; NULL: until further notice"),
    EdgeColumn("author", TEXT, "who says so"),
    EdgeColumn("written", TIME, "when it was written"),
)


class AnnotationRow(NamedTuple):
    """A row of `annotations`. Time in ms."""

    overlay: str
    target: str
    valid_from: int
    word: str

    def annotation(self) -> Annotation:
        """Return the annotation."""
        known_by = {"overlay": self.overlay, "target": self.target, "valid_from": self.valid_from}
        return said(Annotation, self.word, known_by)


class SchemaRow(NamedTuple):
    """A row of `overlay_schemas`."""

    overlay: str
    word: str

    def schema(self) -> OverlaySchema:
        """Return the registration."""
        return said(OverlaySchema, self.word, {"overlay": self.overlay})


def overlays() -> str:
    """Return the annotations that stand, with what they say: the view."""
    latest = select(
        {"overlay": "overlay", "target": "target", "valid_from": "valid_from", "latest": "max(word)"},
        "annotations",
        group=("overlay", "target", "valid_from"),
    )
    said = f"substring(latest, {DIGITS + 1})"
    until = f"JSONExtractInt({said}, 'valid_to')"
    columns = {
        "overlay": "overlay",
        "target": "target",
        "value": f"JSONExtractRaw({said}, 'value')",
        "text": f"if(JSONType({said}, 'value') = 'String', JSONExtractString({said}, 'value'), value)",
        "valid_from": "valid_from",
        "valid_to": f"if({until} = 0, NULL, fromUnixTimestamp64Milli({until}, 'UTC'))",
        "author": f"JSONExtractString({said}, 'author')",
        "written": f"fromUnixTimestamp64Milli(toInt64(substring(latest, 1, {DIGITS})), 'UTC')",
    }
    return select(columns, inside(latest), where=f"NOT JSONExtractBool({said}, 'retracted')")


def annotations() -> str:
    """Return what was written last of every annotation, also of those that are retracted, %(most)s at the most."""
    columns = {
        "overlay": "toString(overlay)",
        "target": "target",
        "valid_from": "toUnixTimestamp64Milli(annotations.valid_from)",
        "word": "max(annotations.word)",
    }
    return select(columns, "annotations", group=("overlay", "target", "annotations.valid_from")) + "\nLIMIT %(most)s"


def schemas() -> str:
    """Return what was written last of every schema."""
    columns = {"overlay": "toString(overlay)", "word": "max(overlay_schemas.word)"}
    return select(columns, "overlay_schemas", group=("overlay",))


def read_annotations(store: Store) -> Iterator[Annotation]:
    """Yield all annotations that are not retracted."""
    for row in store.rows(AnnotationRow, annotations(), {"most": MOST}):
        found = row.annotation()
        if not found.retracted:
            yield found


def read_schemas(store: Store) -> dict[str, OverlaySchema]:
    """Return the schemas that are registered, by their overlays."""
    found = {row.overlay: row.schema() for row in store.rows(SchemaRow, schemas())}
    return {name: one for name, one in sorted(found.items()) if not one.retracted}


def by_host(rows: Iterable[LabelsRow]) -> dict[str, dict[str, str]]:
    """Return the labels of hosts, by their ids and by their names."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        found[row.hostname] = found.get(row.hostname, {}) | row.labels
        found[row.host] = dict(row.labels)
    return found


def with_annotations(store: Store, of: ServiceMap, at: int) -> ServiceMap:
    """Return a map with the annotations that hold at a time, ms."""
    noted = at_time(read_annotations(store), at)
    return annotated(of, noted, by_host(store.rows(LabelsRow, labels()))) if noted else of
