"""The interface of the store that the graph queries. sinks.store.Store implements it."""

from typing import Any, Protocol, TypeVar

Row = TypeVar("Row")


class Store(Protocol):
    """Answers queries in ClickHouse's SQL, with rows of a type whose fields are named as the columns."""

    def rows(self, kind: type[Row], text: str, parameters: dict[str, Any] | None = None) -> list[Row]:
        """Return all rows."""
        ...

    def row(self, kind: type[Row], text: str, parameters: dict[str, Any] | None = None) -> Row:
        """Return the only row."""
        ...
