"""The port of a server is called the same in SQL and in Python."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.ports import unix_name
from graph.sql import texts
from schemas.unix_names import name_of, server_endpoint
from sinks.store import Store
from tests.rollups.conftest import Fresh

NAMES = [
    b"/run/postgresql/.s.PGSQL.5432",
    b"\0/containerd-shim/abc.sock@1",
    b"/tmp/a b:[c]#d@e\xff",
    rb"/tmp/\x20\x5cx20",
    b"@not-abstract",
    b"100% it's",
]


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    return fresh()


def called(store: Store, names: list[bytes]) -> list[str]:
    addresses = texts(server_endpoint(name)[0] for name in names)
    [row] = store.query(f"SELECT arrayMap(address -> {unix_name('address')}, {addresses})")
    return list(row[0])


def test_a_unix_socket_has_the_same_name_in_sql_and_in_python(store: Store) -> None:
    assert called(store, NAMES) == [name_of(server_endpoint(name)[0]) for name in NAMES]


@settings(max_examples=20)
@given(names=st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=20))
def test_so_has_one_of_any_bytes(store: Store, names: list[bytes]) -> None:
    assert called(store, names) == [name_of(server_endpoint(name)[0]) for name in names]
