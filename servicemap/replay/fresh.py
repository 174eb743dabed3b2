"""The tables of a replay beside the live ones, and what a killed replay left of them.

    edges_replay_ID_folded   what the folds emitted
    edges_replay_ID_stood    the partitions of the range as they stood when they were compared
    edges_replay_ID_moving   what the folds emitted for the range from records that came meanwhile
    edges_replay_ID          the whole table as it is to be; after the swap, as it was

The comment of a table to be swapped in states what the promotion will do. The comment goes with the table when names
are exchanged, so it shows whether the swap took place.
"""

import json
import re
from typing import Any

from servicemap.replay.span import REPLAYED
from sinks.store import Store

# _told: left by older versions
_NAME = re.compile(rf"({'|'.join(table.name for table in REPLAYED)})_replay_([0-9a-f]+)(_folded|_stood|_moving|_told)?")


def create(store: Store, table: str, name: str, about: dict[str, Any]) -> str:
    """Make an empty table like another one; return its name."""
    store.query(f"CREATE TABLE {name} AS {table} COMMENT '{json.dumps(about, separators=(',', ':'))}'")
    return name


def comments(store: Store) -> dict[str, dict[str, Any]]:
    """Return all tables of the database with what a replay wrote onto them."""
    rows = store.query("SELECT name, comment FROM system.tables WHERE database = currentDatabase()")
    return {name: json.loads(text) if text.startswith('{"replay"') else {} for name, text in rows}


def leftovers(names: dict[str, dict[str, Any]]) -> list[str]:
    """Return the names that are tables of a replay."""
    return sorted(name for name in names if _NAME.fullmatch(name))


def drop(store: Store, names: list[str]) -> None:
    """Drop tables."""
    for name in names:
        store.query(f"DROP TABLE IF EXISTS {name} SYNC")


def partitions(store: Store, table: str) -> list[str]:
    """Return the ids of a table's partitions."""
    rows = store.query(
        "SELECT DISTINCT partition_id FROM system.parts WHERE database = currentDatabase() AND active AND table = "
        f"'{table}' ORDER BY partition_id"
    )
    return [partition for (partition,) in rows]


def key_of(store: Store, table: str) -> str:
    """Return the columns by which rows of a table merge."""
    ((key,),) = store.query(
        f"SELECT sorting_key FROM system.tables WHERE database = currentDatabase() AND name = '{table}'"
    )
    return str(key)
