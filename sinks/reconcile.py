"""Bring a store to the present: make the tables, columns and views that it lacks, change those that differ.

What a store should have is declared (sinks/tables.py, sinks/levels.py, graph/views.py); what it has is asked for. So a
store of any earlier version comes to be as a new one is, and nothing is done to one that is. Rows of before have blanks
in new columns; roll-ups of the last day are made anew, so that these have values there at once. Those of rows that were
dropped to make room stay as they are: nothing is left to make them from.
"""

import hashlib
from collections.abc import Iterator

from graph.views import VIEWS
from sinks.dropping import TABLES_OF, noted
from sinks.levels import LEVELS
from sinks.lifetimes import PLACES_1D, PROCESSES_1D
from sinks.store import Store
from sinks.table import Table
from sinks.tables import DROPPED, PIPELINE, RETENTION, TABLES

ROLLED_UP = tuple(level.table for level in LEVELS)
# What was dropped is asked for when roll-ups change.
ALL = (DROPPED, *TABLES, PIPELINE, RETENTION, PROCESSES_1D, PLACES_1D, *ROLLED_UP)
_MARKS = "migrations"
_APPLIED = "(name String, applied DateTime DEFAULT now()) ENGINE = ReplacingMergeTree(applied) ORDER BY name"


def reconcile(store: Store) -> list[str]:
    """Make the store as it is declared; return what was done. Each statement may run twice: a crash does no harm."""
    done = []
    for statement in missing(store):
        store.query(statement)
        done.append(statement)
    return done


def missing(store: Store) -> Iterator[str]:
    """Yield the statements that bring a store to the present; each has to run before the next one is asked for."""
    cluster, database = store.address.cluster, store.address.database
    for table in ALL:
        there = _columns(store, table.name)
        if there:
            yield from _altered(store, table, there)
        else:
            yield from cluster.created(table, database)
    if not _columns(store, _MARKS):
        # Not replicated: each server that a sink has asked remembers what was made from there.
        yield f"CREATE TABLE IF NOT EXISTS {_MARKS}{cluster.on} {_APPLIED}"
    views = {name: made() for name, made in VIEWS.items()}
    mark = "views:" + hashlib.sha256("\n".join(views.values()).encode()).hexdigest()[:16]
    if store.query(f"SELECT 1 FROM {_MARKS} WHERE name = %(mark)s LIMIT 1", {"mark": mark}):
        return  # a sink of an older version, beside this one, finds its own mark and changes nothing back
    for name, made in views.items():
        yield f"CREATE OR REPLACE VIEW {name} AS\n{made}"
        if cluster.name:
            yield f"CREATE OR REPLACE VIEW {name}{cluster.on} AS\n{_qualified(store, name)}"
    yield f"INSERT INTO {_MARKS} (name) VALUES ('{mark}')"


def _qualified(store: Store, view: str) -> str:
    """Return the query of a view with the database before each table: other servers look in their default one."""
    ((found,),) = store.query(
        "SELECT as_select FROM system.tables WHERE database = currentDatabase() AND name = %(view)s", {"view": view}
    )
    return str(found)


def _columns(store: Store, table: str) -> dict[str, str]:
    """Return the columns that a table has, each with its type."""
    rows = store.query(
        "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = %(table)s",
        {"table": table},
    )
    return dict(rows)


def _altered(store: Store, table: Table, there: dict[str, str]) -> Iterator[str]:
    cluster = store.address.cluster
    changes, added = [], False
    for before, column in zip((None, *table.columns), table.columns, strict=False):
        declared = column.ddl(merges=table.merges)
        place = f" AFTER {before.name}" if before else " FIRST"
        if column.name not in there:
            changes.append(f"ADD COLUMN IF NOT EXISTS {declared}{place}")
            added = True
        elif there[column.name] != column.type(merges=table.merges):
            changes.append(f"MODIFY COLUMN {declared}")
    if changes:
        yield from cluster.altered(table, ",\n    ".join(changes))
    if added and table in ROLLED_UP and table.kept:
        yield (
            f"ALTER TABLE {cluster.holder(table)}{cluster.on} DELETE "
            f"WHERE {table.kept.by} >= toStartOfHour(now() - INTERVAL 1 DAY) "
            f"AND {table.kept.by} >= fromUnixTimestamp64Milli({_complete_since(store)}, 'UTC') "
            f"SETTINGS mutations_sync = {2 if cluster.name else 1}"  # 2: on all replicas
        )


def _complete_since(store: Store) -> int:
    """Return from when on no rows were dropped to make room, ms. Servers have no such budget, so a cluster has all."""
    found = {} if store.address.cluster.name else noted(store)
    return max((row.until for what, row in found.items() if what in TABLES_OF), default=0)
