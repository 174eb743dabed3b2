"""How tables are made on a cluster of ClickHouse servers: on each of them, replicated, and in shards behind one name.

In shards, `edges_local` holds the rows of a server and `edges` reads and fills those of all. Rows of one key are in one
shard, so that they merge there.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # an address is read where no table is made
    from sinks.table import Table

# Without {uuid}: a server that comes later, and makes the table again, joins those that have it.
REPLICA = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"


class Cluster(NamedTuple):
    """A cluster as its servers' configuration names it, and how tables are kept on it; no name: a single server."""

    name: str = ""
    replicated: bool = True
    sharded: bool = False

    @property
    def on(self) -> str:
        """Return the clause that runs a statement on all of its servers."""
        return f" ON CLUSTER `{self.name}`" if self.name else ""

    @property
    def in_shards(self) -> bool:
        """Return whether each server holds a part of the rows."""
        return bool(self.name) and self.sharded

    @property
    def in_replicas(self) -> bool:
        """Return whether several servers hold the same rows."""
        return bool(self.name) and self.replicated

    @property
    def settings(self) -> dict[str, str | int]:
        """Settings of all queries. What is inserted is there when the insert returns, and found by its writer."""
        if not self.in_shards:
            return {}
        return {
            "distributed_product_mode": "global",  # a join asks all shards, not those of one server's half
            "distributed_foreground_insert": 1,
            "parallel_distributed_insert_select": 0,  # else rows stay in the shard that they were computed in
            "load_balancing": "in_order",  # the replica that was written to is the one that is read
        }

    @property
    def insert_settings(self) -> dict[str, str | int]:
        """Settings of inserts. Rows merge, so a block that comes again does no harm; one that is dropped could.

        Replicated tables drop a block that is equal to a recent one, though its rows may have been deleted since.
        """
        if not self.in_replicas:
            return {}
        return {"insert_deduplicate": 0, "deduplicate_insert": "disable"}  # until 25, and from 26 on

    def holder(self, table: "Table") -> str:
        """Return the name of the table that holds the rows."""
        return f"{table.name}_local" if self.in_shards else table.name

    def engine(self, table: "Table") -> str:
        """Return the engine of the table that holds the rows."""
        if not self.in_replicas:
            return table.engine
        kind, _, arguments = table.engine.rstrip(")").partition("(")
        return f"Replicated{kind}({', '.join(filter(None, (REPLICA, arguments)))})"

    def created(self, table: "Table", database: str) -> Iterator[str]:
        """Yield the statements that make a table where it is not there."""
        holder = self.holder(table)
        yield table._replace(name=holder, engine=self.engine(table)).ddl(self.on, merges=table.merges)
        if holder != table.name:
            key = ", ".join(_spread(table))
            yield (
                f"CREATE TABLE IF NOT EXISTS {table.name}{self.on} AS {holder}\n"
                f"ENGINE = Distributed(`{self.name}`, `{database}`, `{holder}`, cityHash64({key}))"
            )

    def altered(self, table: "Table", changes: str) -> Iterator[str]:
        """Yield the statements that change the columns of a table."""
        for name in dict.fromkeys((self.holder(table), table.name)):
            yield f"ALTER TABLE {name}{self.on}\n    {changes}"


def _spread(table: "Table") -> tuple[str, ...]:
    """Return what decides on the shard of a row: its key without the time, so that one flow or node is in one place."""
    return tuple(name for name in table.key if not table.kept or name != table.kept.by)


ONE_SERVER = Cluster()
