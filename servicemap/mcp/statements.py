"""The tool `sql`: a statement of one's own, which may only read, and of whose result the beginning is answered."""

from typing import Annotated

from msgspec import Meta, Struct

from servicemap.asking import ask
from servicemap.config import Config

NAME = "sql"
ABOUT = (
    "Rows of the store by ClickHouse's SQL, one JSON object a line. It only reads. SHOW TABLES lists tables and views,"
    " DESCRIBE process_edges the columns of one; the `sql` of other answers selects the rows behind them. Restrict"
    " `window` to a short range."
)
SECONDS = 30


class SqlAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A statement, and how much of its result is wanted."""

    statement: Annotated[str, Meta(min_length=1, max_length=20_000, description="SELECT, SHOW, DESCRIBE or WITH.")]
    limit: Annotated[int, Meta(ge=1, le=1_000, description="Rows, at the most.")] = 100


class _Enough(Exception):
    """The result has all that is wanted."""


class _Beginning:
    """Takes the first rows of a result, and no more than so many bytes."""

    def __init__(self, rows: int, most_bytes: int) -> None:
        self._rows, self._most_bytes = rows, most_bytes
        self._taken = b""

    def write(self, piece: bytes) -> None:
        """Take a piece; _Enough when the result has more than is wanted."""
        self._taken += piece
        if len(self._taken) > self._most_bytes or self._taken.count(b"\n") > self._rows:
            raise _Enough

    def flush(self) -> None:
        """Do nothing: what was taken is here."""

    def lines(self) -> list[bytes]:
        """Return whole rows, as many as are wanted."""
        whole = self._taken[: self._most_bytes].split(b"\n")
        return whole[: min(self._rows, len(whole) - 1)]


def rows_of(config: Config, asked: SqlAsked, most_bytes: int) -> str:
    """Return the first rows of a statement's result as lines of JSON; Failure when ClickHouse refuses it."""
    taken = _Beginning(asked.limit, most_bytes)
    try:
        ask(config, asked.statement, "JSONEachRow", {}, taken, terminal=False, most_seconds=SECONDS)
    except _Enough:
        found = taken.lines()
        note = f"-- these are the first {len(found)} rows, and there are more"
        return "\n".join([*(line.decode(errors="replace") for line in found), note])
    return "\n".join(line.decode(errors="replace") for line in taken.lines())
