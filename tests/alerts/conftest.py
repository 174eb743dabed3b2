"""One embedded store for all tests of alerts, emptied for each."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from clickhouse_driver import Client

from dashboards.alerts.files import rules
from sinks.address import Address
from sinks.reconcile import ROLLED_UP, reconcile
from sinks.store import Store, create_database
from sinks.tables import EDGES, HOST_USAGE, HOSTS, LINKS, NODES, PIPELINE, REQUESTS
from tests.alerts.evaluation import Alerts, firing
from tests.alerts.scene import MINUTE, Scene

NOW = int(time.time() * 1000) // MINUTE * MINUTE - 12 * 60 * MINUTE  # the tables forget what is old by the clock
Fires = Callable[[str], Alerts]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The address of a store with our tables."""
    folder = tmp_path_factory.mktemp("alerts")
    command = [sys.executable, "-m", "sinks.embedded", "--data", str(folder), "--native-port", "0", "--http-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("ready ")
            port = json.loads((folder / "store.json").read_text())["native_port"]
            address = Address("127.0.0.1", port, "servicemap", "", "servicemap", folder / "store.token")
            create_database(address)
            store = Store(address)
            reconcile(store)
            store.close()
            yield address
        finally:
            process.terminate()


@pytest.fixture
def scene(address: Address) -> Iterator[Scene]:
    """What the store holds: nothing at first."""
    store = Store(address)
    for table in (EDGES, *ROLLED_UP, NODES, HOSTS, HOST_USAGE, LINKS, REQUESTS, PIPELINE):
        store.query(f"TRUNCATE TABLE {table.name}")
    yield Scene(store)
    store.close()


@pytest.fixture
def fires(address: Address, scene: Scene) -> Iterator[Fires]:
    """Evaluate the rule of a name now, on what was stored: the values of what fires, by their labels."""
    client = Client(
        address.host, port=address.port, user=address.user, password=address.secret(), database=address.database
    )
    by_uid = {rule["uid"]: rule for rule in rules()}

    def evaluate(name: str) -> Alerts:
        rule = by_uid[f"servicemap-{name}"]
        scene.stored(rolled_up="edges_1" in rule["data"][0]["model"]["rawSql"])
        return firing(rule, client, NOW)

    yield evaluate
    client.disconnect()
