"""ClickHouse as this project uses it: queries, and columnar inserts that are tried until they stand."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from itertools import starmap
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from schemas.retries import level, pauses
from sinks.address import Address
from sinks.faults import LOGIN_REFUSED, lacks_database, link_fault, login_refused
from sinks.planning import AS_WRITTEN

# Unless this is set, the driver makes a table of all days of 400 years when imported: 25 MB. No column is a date.
os.environ.setdefault("CLICKHOUSE_DRIVER_LASY_DATE_LUT", "none")

if TYPE_CHECKING:  # imported when a store is asked: addresses are read where no client is installed
    from clickhouse_driver import Client

log = logging.getLogger(__name__)

# Worth trying again: the server is away, starting, busy or short of something (ClickHouse's ErrorCodes.cpp).
_PASSING = {3, 74, 75, 76, 159, 173, 202, 203, 209, 210, 236, 241, 242, 243, 252, 285, 319, 394, 425, 516, 999, 1000}
# No such table, no such column, no rights, read only: the store is not what this code needs.
_NOT_THE_STORE = {16, 60, 81, 164, 497}
# ClickHouse's codes for damaged files (the same source), and the remedy where the store is embedded.
_DAMAGE = {33, 40, 76, 107, 117, 226, 228, 231, 246, 271, 432, 740}
# No such column, table or view: the code that asks is of another version than that which made the store.
_LACKING = {16, 46, 47, 60}
_OTHER = "; the store is of another version: restart `servicemap up` or the sink, which brings it to this one"
_REBUILD = "; if the store's files are damaged, `servicemap store rebuild` rebuilds it from the log"
_LONGEST_PAUSE = 10.0  # seconds, between two tries
# Values come from our own schemas: converting numbers to datetimes and back would be the cost of the insert.
_SETTINGS = {"insert_block_size": 65_536, "strings_as_bytes": False}


Row = TypeVar("Row")


class StoreError(Exception):
    """ClickHouse refused or failed; `code` is its error code, 0 when it never answered."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code

    @property
    def passing(self) -> bool:
        """Return whether trying again may work."""
        return self.code in _PASSING | {0}

    @property
    def of_rows(self) -> bool:
        """Return whether the rows are the reason: the store does work, and takes others."""
        return not self.passing and self.code not in _NOT_THE_STORE | _DAMAGE


class Store:
    """One connection to ClickHouse. Not thread-safe."""

    def __init__(
        self,
        address: Address,
        sleep: Callable[[float], None] = time.sleep,
        locate: Callable[[], Address] | None = None,
        most_seconds: int = 0,
    ) -> None:
        """Take an address, and what is asked for it before each connection: a store may come back elsewhere.

        Statements take `most_seconds` at the most; 0 is as long as the server allows.
        """
        self.address = address
        self._limits = {"max_execution_time": most_seconds} if most_seconds else {}
        self._locate = locate
        self.retries = 0
        self._sleep = sleep
        self._client: Client | None = None

    def query(self, text: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement; return its rows. StoreError when ClickHouse refuses it or does not answer."""
        return self._execute(text, parameters)[0]

    def rows(self, kind: type[Row], text: str, parameters: dict[str, Any] | None = None) -> list[Row]:
        """Run a query; return its rows as `kind`, a NamedTuple or Struct whose fields are named as the columns."""
        found, columns = self._execute(text, parameters, AS_WRITTEN)
        names, fields = [name for name, _ in columns], list(kind.__annotations__)
        if names == fields:
            return list(starmap(kind, found))
        if sorted(names) != sorted(fields):
            raise TypeError(f"{kind.__name__} has the fields {fields}, and its query the columns {names}")
        in_order = itemgetter(*map(names.index, fields))
        return [kind(*in_order(row)) for row in found]

    def named(self, text: str, parameters: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run a query whose columns are not known beforehand; return its rows by their names."""
        found, columns = self._execute(text, parameters, AS_WRITTEN)
        names = [name for name, _ in columns]
        return [dict(zip(names, row, strict=True)) for row in found]

    def row(self, kind: type[Row], text: str, parameters: dict[str, Any] | None = None) -> Row:
        """Run a query that has one row; return that as `kind`."""
        (found,) = self.rows(kind, text, parameters)
        return found

    def insert(self, table: str, columns: dict[str, list[Any]]) -> None:
        """Insert columns as one block or several; StoreError when ClickHouse refuses or does not answer.

        The lists are handed over: the driver changes them in place.
        """
        names = ", ".join(columns)
        try:
            self._connected().execute(
                f"INSERT INTO {table} ({names}) VALUES",
                list(columns.values()),
                columnar=True,
                settings=self.address.cluster.insert_settings,
            )
        except Exception as error:
            raise self._failed(error) from error

    def persist(self, work: Callable[[], None], given_up: Callable[[], bool] = lambda: False) -> None:
        """Do some work on this store, again and again while the failure may pass; StoreError when it will not."""
        for pause in pauses(_LONGEST_PAUSE):
            try:
                work()
            except StoreError as error:
                if not error.passing or given_up():
                    raise
                self.retries += 1
                log.log(level(self.retries), "store does not take rows, trying again: %s", error)
                self._sleep(pause)
            else:
                return

    def _execute(
        self, text: str, parameters: dict[str, Any] | None, settings: dict[str, int] | None = None
    ) -> tuple[list[tuple[Any, ...]], list[tuple[str, str]]]:
        """Run a statement; return its rows, and the name and type of each column."""
        try:
            rows, columns = self._connected().execute(text, parameters, with_column_types=True, settings=settings)
        except Exception as error:
            raise self._failed(error) from error
        return rows, columns

    def close(self) -> None:
        """Let the connection go."""
        if self._client is not None:
            self._client.disconnect()
            self._client = None

    def _connected(self) -> "Client":
        if self._client is None:
            from clickhouse_driver import Client

            if self._locate is not None:
                self.address = self._locate()._replace(database=self.address.database)
            where = self.address
            self._client = Client(
                where.host,
                port=where.port,
                user=where.user,
                password=where.secret(),
                database=where.database,
                connect_timeout=5,
                send_receive_timeout=120,
                settings=_SETTINGS | where.cluster.settings | self._limits,
                secure=where.tls is not None,
            )
            if where.tls is not None:
                # Else the driver makes its own, which trusts what certifi brings in place of the system's authorities.
                context = where.tls.context
                self._client.connection._create_ssl_context = lambda options: context
        return self._client

    def _failed(self, error: Exception) -> StoreError:
        """Turn any failure into ours. The connection is dropped: what half happened on it is not known."""
        from clickhouse_driver import errors

        greeted = self._client is not None and self._client.connection.server_info is not None
        self.close()
        if isinstance(error, StoreError):
            return error
        where = self.address
        if isinstance(error, errors.ServerException):
            if error.code in LOGIN_REFUSED and not where.token:
                return StoreError(login_refused(where), error.code)
            if lacking := lacks_database(where, error.code, error.message):
                return StoreError(lacking, error.code)
            hint = _REBUILD if error.code in _DAMAGE and where.token else _OTHER if error.code in _LACKING else ""
            return StoreError(error.message.split("Stack trace:")[0].strip() + hint, error.code)
        if not greeted and isinstance(error, errors.Error | EOFError | OSError) and (fault := link_fault(where)):
            return StoreError(fault)
        if isinstance(error, errors.NetworkError | errors.SocketTimeoutError | EOFError | OSError):
            return StoreError(f"no ClickHouse answers at {where.place}: start one or check --store ({error})")
        return StoreError(f"{type(error).__name__}: {error}", code=-1)


def create_database(
    address: Address,
    given_up: Callable[[], bool] = lambda: False,
    locate: Callable[[], Address] | None = None,
) -> None:
    """Make the database of an address, waiting for its store to answer."""
    store = Store(address._replace(database="default"), locate=locate)
    try:
        store.persist(lambda: _create(store, address), given_up)
    finally:
        store.close()


def _create(store: Store, address: Address) -> None:
    name, cluster = address.database, address.cluster
    if cluster.name and store.query("SELECT 1 FROM system.databases WHERE name = %(name)s", {"name": name}):
        return  # on a cluster the statement waits for all servers, of which some may be away
    store.query(f"CREATE DATABASE IF NOT EXISTS {name}{cluster.on}")


def joined(parts: Sequence[dict[str, list[Any]]]) -> dict[str, list[Any]]:
    """Return several batches' columns as one, in lists of their own."""
    return {name: [value for part in parts for value in part[name]] for name in parts[0]}
