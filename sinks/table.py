"""A table of the store as it is declared: its columns, each once, and how it is kept. Its DDL is made from that."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from schemas.facts import Merge, facts, meanings
from schemas.kinds import Kind
from sinks.fitting import Values

_AGGREGATES = {
    Merge.MAX: "max",
    Merge.LAST: "max",
    Merge.TIME: "max",
    Merge.BITS: "groupBitOr",
    Merge.EACH: "maxMap",
}


class Column(NamedTuple):
    """A column. `merge` is how two rows of a key become one; `alias` is what it is computed from on reading."""

    name: str
    kind: Kind
    meaning: str = ""
    merge: Merge = Merge.KEY
    alias: str = ""

    @property
    def aggregate(self) -> str:
        """Return the aggregate that merges it; empty for a part of the key."""
        return _AGGREGATES.get(self.merge, "")

    def type(self, *, merges: bool) -> str:
        """Return its type, in a table whose engine merges columns or not."""
        if merges and self.aggregate:
            return f"SimpleAggregateFunction({self.aggregate}, {self.kind.sql})"
        return self.kind.sql

    def ddl(self, *, merges: bool) -> str:
        """Return its declaration."""
        kind = self.type(merges=merges)
        if self.alias:
            return f"{self.name} {kind} ALIAS {self.alias}"
        return f"{self.name} {kind} CODEC({self.kind.codec})" if self.kind.codec else f"{self.name} {kind}"


class Kept(NamedTuple):
    """How long rows are kept, and in which parts: `by` is the column of time, a part is its hour, day or month."""

    by: str
    part: str
    days: int

    def ddl(self) -> list[str]:
        """Return the clauses of partitions and of the time to live."""
        return [
            f"PARTITION BY toStartOf{self.part}({self.by})",
            f"TTL toDateTime({self.by}) + INTERVAL {self.days} DAY DELETE",
        ]


class Table(NamedTuple):
    """A table. Without `kept` its rows stand for ever.

    A table with a topic is filled from it by `fill`, and `time` is its column of times. Rows of a `patient` table
    may come some windows late: nothing on the map waits for them, and inserts have a price.
    """

    name: str
    columns: Sequence[Column]
    key: Sequence[str]
    engine: str = "AggregatingMergeTree"
    kept: Kept | None = None
    about: str = ""
    topic: str = ""
    time: str = ""
    fill: Callable[[Any], Values] = lambda batch: {}
    patient: bool = False

    @property
    def kinds(self) -> dict[str, Kind]:
        """Return the columns that are stored, with their kinds."""
        return {column.name: column.kind for column in self.columns if not column.alias}

    @property
    def merges(self) -> bool:
        """Return whether its engine merges column by column."""
        return self.engine == "AggregatingMergeTree"

    def clauses(self) -> list[str]:
        """Return what follows the columns in its DDL."""
        partition, lasting = self.kept.ddl() if self.kept else ("", "")
        order = f"ORDER BY {self.key[0]}" if len(self.key) == 1 else f"ORDER BY ({', '.join(self.key)})"
        return [clause for clause in (f"ENGINE = {self.engine}", partition, order, lasting) if clause]

    def ddl(self, on: str = "", *, merges: bool | None = None) -> str:
        """Return the statement that makes it where it is not there; `on` names the servers."""
        merging = self.merges if merges is None else merges
        columns = ",\n".join(f"    {column.ddl(merges=merging)}" for column in self.columns)
        settings = "\nSETTINGS ttl_only_drop_parts = 1" if self.kept else ""
        return f"CREATE TABLE IF NOT EXISTS {self.name}{on}\n(\n{columns}\n)\n" + "\n".join(self.clauses()) + settings


def columns(record: type, kinds: Mapping[str, Kind], merge: Merge = Merge.KEY) -> list[Column]:
    """Return columns for some fields of a record that is a single row."""
    about = meanings(record)
    return [Column(name, kind, about.get(name, ""), merge) for name, kind in kinds.items()]


def declared(record: type, *, without: Iterable[str] = (), prefix: str = "") -> list[Column]:
    """Return the columns of a record as its facts declare them."""
    aside = set(without)
    return [
        Column(prefix + name, one.kind, one.meaning, one.merge)
        for name, one in facts(record).items()
        if name not in aside
    ]
