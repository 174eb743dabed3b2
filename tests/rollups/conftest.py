"""A running embedded store, and databases of one test each."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from sinks.address import Address
from sinks.reconcile import reconcile
from sinks.store import Store, create_database

Fresh = Callable[[], Store]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """A running store."""
    folder = tmp_path_factory.mktemp("store")
    command = [sys.executable, "-m", "sinks.embedded", "--data", str(folder), "--native-port", "0", "--http-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith(b"ready")
            facts = json.loads((folder / "store.json").read_text())
            yield Address("127.0.0.1", facts["native_port"], "servicemap", "", "servicemap", folder / "store.token")
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def fresh(address: Address) -> Iterator[Fresh]:
    """Make databases with empty tables."""
    stores: list[Store] = []
    numbers = count()

    def make() -> Store:
        own = address._replace(database=f"t{next(numbers)}")
        create_database(own)
        stores.append(Store(own))
        reconcile(stores[-1])
        return stores[-1]

    yield make
    for store in stores:
        store.close()
