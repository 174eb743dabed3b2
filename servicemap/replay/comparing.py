"""What a replay would change: rows folded anew against rows that stand, key by key, an hour at a time."""

import re
from typing import Any

from msgspec import Struct, field

from servicemap.replay import fresh
from servicemap.replay.span import Span
from sinks.store import Store
from sinks.table import Table

EXAMPLES = 3


class Example(Struct):
    """A row that would change: its key, and the columns that differ with what stands and what would."""

    key: dict[str, str]
    columns: dict[str, tuple[str, str]]


class Difference(Struct):
    """Rows of the range in one table. `moving` ones were written during the comparison, and are left out."""

    equal: int = 0
    changed: int = 0
    only_new: int = 0
    only_old: int = 0
    moving: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Return whether anything would change."""
        return bool(self.changed or self.only_new or self.only_old)


def compare(store: Store, table: Table, folded: str, stood: str, moving: str, span: Span) -> Difference:
    """Compare two tables over a range; `moving` holds the keys to leave out."""
    key = fresh.key_of(store, table.name)
    total = Difference()
    for partition in sorted({*fresh.partitions(store, folded), *fresh.partitions(store, stood)}):
        at = f"_partition_id = '{partition}' AND {span.where(table)}"
        ((*counts, changed),) = store.query(_counts(key, folded, stood, moving, at))
        for name, count in zip(("equal", "changed", "only_new", "only_old", "moving"), counts, strict=True):
            setattr(total, name, getattr(total, name) + count)
        wanted = changed[: EXAMPLES - len(total.examples)]
        total.examples += [_example(store, key, folded, stood, at, name) for name in wanted]
    return total


def _counts(key: str, folded: str, stood: str, moving: str, at: str) -> str:
    # Keys as hashes of 16 bytes: the rows of an hour may be millions.
    side = f"SELECT sipHash128({key}) AS k, cityHash64(COLUMNS('.*') EXCEPT ({key})) AS h"
    return f"""
        SELECT countIf(old AND new AND same), countIf(old AND new AND NOT same), countIf(new AND NOT old),
               countIf(old AND NOT new), countIf(NOT old AND NOT new),
               groupArrayIf({EXAMPLES})(hex(k), old AND new AND NOT same)
        FROM
        (
            SELECT k, k NOT IN (SELECT sipHash128({key}) FROM {moving}) AS rests,
                   max(side = 0) AND rests AS old, max(side = 1) AND rests AS new,
                   sumIf(h, side = 0) = sumIf(h, side = 1) AS same
            FROM
            (
                {side}, 0 AS side FROM {stood} FINAL WHERE {at}
                UNION ALL
                {side}, 1 AS side FROM {folded} FINAL WHERE {at}
            )
            GROUP BY k
        )
        SETTINGS compile_expressions = 0, compile_aggregate_expressions = 0"""  # compiling takes longer than counting


def _example(store: Store, key: str, folded: str, stood: str, at: str, hashed: str) -> Example:
    columns = store.query(
        "SELECT name, if(default_kind = 'ALIAS', default_expression, '') FROM system.columns"
        f" WHERE database = currentDatabase() AND table = '{folded}' ORDER BY position"
    )
    names = [name for name, _ in columns]
    (old,), (new,) = (
        store.query(f"SELECT {', '.join(names)} FROM {table} FINAL WHERE {at} AND hex(sipHash128({key})) = '{hashed}'")
        for table in (stood, folded)
    )
    rows = {name: (_text(one), _text(other)) for name, one, other in zip(names, old, new, strict=True)}
    differ = {name: pair for name, pair in rows.items() if pair[0] != pair[1]}
    cut = " ".join(source for name, source in columns if name in differ)  # parts of a column show more than the whole
    return Example(
        {name: rows[name][0] for name in key.split(", ")},
        {name: pair for name, pair in differ.items() if not re.search(rf"\b{name}\b", cut)},
    )


def _text(value: Any) -> str:
    return value.isoformat(timespec="milliseconds") if hasattr(value, "isoformat") else str(value)
