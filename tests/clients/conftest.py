"""A store with a map in it, for the clients that people use."""

from dataclasses import dataclass

import pytest

from sinks.address import Address
from sinks.reconcile import reconcile
from sinks.store import Store as Client
from sinks.store import create_database
from tests.store.conftest import Store, store
from tests.store.test_requests import CLIENT, SERVER, store_windows, window
from tests.streams.build import request as asked

__all__ = ["store"]
VIEWS = ("process_edges", "service_edges", "process_requests")


@dataclass(frozen=True)
class Value:
    """A column, and its value as JSON."""

    sql: str
    json: str


# One of each kind of type.
VALUES = (
    Value("toInt8(-5)", "-5"),
    Value("toUInt64(18446744073709551615)", "18446744073709551615"),
    Value("toInt256('-57896044618658097711785492504343953926')", "-57896044618658097711785492504343953926"),
    Value("toFloat32(0.5)", "0.5"),
    Value("true", "true"),
    Value("'it''s\\t\\\\ ü'", '"it\'s\\t\\\\ ü"'),
    Value("toFixedString('abc', 3)", '"abc"'),
    Value("toDecimal64('1.25', 2)", "1.25"),
    Value("toNullable(5)", "5"),
    Value("NULL", "null"),
    Value("[[1, 2], []]", "[[1, 2], []]"),
    Value("map('a', 1)", '{"a": 1}'),
    Value("(1, 'x')", '[1, "x"]'),
    Value("toLowCardinality('lc')", '"lc"'),
    Value("toLowCardinality(toNullable('lc'))", '"lc"'),
    Value("CAST('b', 'Enum8(\\'a\\' = 1, \\'b\\' = 2)')", '"b"'),
    Value("toUUID('61f0c404-5cb3-11e7-907b-a6006ad3dba0')", '"61f0c404-5cb3-11e7-907b-a6006ad3dba0"'),
    Value("toIPv4('1.2.3.4')", '"1.2.3.4"'),
    Value("toIPv6('2001:db8::1')", '"2001:db8::1"'),
    Value("toDate('2026-01-02')", '"2026-01-02"'),
    Value("toDateTime('2026-01-02 03:04:05', 'UTC')", '"2026-01-02 03:04:05"'),
    Value("toDateTime64('2026-01-02 03:04:05.678', 3, 'UTC')", '"2026-01-02 03:04:05.678"'),
    Value("5::Variant(UInt8, String)", "5"),
    Value("'x'::Dynamic", '"x"'),
    Value("""'{"a": {"b": [1]}}'::JSON""", '{"a": {"b": [1]}}'),
)
# An error behind the first rows: they are on their way, so it has no status and no place before them.
LATE = "SELECT number, throwIf(number = 900000) AS late FROM numbers(1000000)"


@pytest.fixture(scope="session")
def mapped(store: Store) -> Store:
    """A store with two hosts' windows of one edge, and requests on it."""
    address = Address("127.0.0.1", store.native_port, "servicemap", store.token, "servicemap")
    create_database(address)
    client = Client(address)
    reconcile(client)
    store_windows(client, window("h1", asked(CLIENT, SERVER, 3)), window("h2", asked(CLIENT, SERVER, 5)))
    client.close()
    return store
