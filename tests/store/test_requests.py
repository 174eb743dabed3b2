"""The view of requests: on the edges that edges are on, believed from one end, scaled, with times from the sketch."""

import re
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from log.protocol import Record
from schemas.latency import bucket, quantile
from sinks.address import Address
from sinks.reconcile import reconcile
from sinks.sink import Sink
from sinks.store import Store as Client
from sinks.store import create_database
from streams.stage import AttributeStage, PairStage
from tests.store.conftest import Store
from tests.streams.build import T0, WIDTH, Row, batches, connection, holds, message, process, request

CLIENT, SERVER = "10.0.0.1:40112", "10.0.0.2:8000"
HOSTS = {"h1": (CLIENT, SERVER, False), "h2": (SERVER, CLIENT, True)}


@pytest.fixture
def kept(store: Store, request: pytest.FixtureRequest) -> Iterator[Client]:
    """A migrated database of the test's own."""
    address = Address("127.0.0.1", store.native_port, "servicemap", store.token, re.sub(r"\W", "_", request.node.name))
    create_database(address)
    client = Client(address)
    reconcile(client)
    yield client
    client.query(f"DROP DATABASE {address.database}")
    client.close()


def store_windows(client: Client, *windows: dict[str, Any]) -> None:
    """Fold windows and store what comes out."""
    attribute, pair = AttributeStage(), PairStage()
    sink = Sink(client, lambda record, reason: pytest.fail(reason))
    for window in windows:
        for topic, batch in batches(**window).items():
            for made in attribute.feed(message(topic, batch)):
                emitted = [made, *(pair.feed(_logged(made)) if made.topic == "sides" else ())]
                for record in emitted:
                    if record.topic in {"edges", "flow-requests"}:
                        sink.add(_logged(record))
    sink.flush()


def _logged(made: Any) -> Record:
    return Record(made.topic, 0, 0, T0, made.key, made.value)


def window(host: str, *requests: Row, at: int = 0, sampling: int = 1, known: bool = True) -> dict[str, Any]:
    here, there, serves = HOSTS[host]
    return {
        "at": at,
        "host": host,
        "processes": [process(7, name="nginx" if serves else "shop")] if known else [],
        "connections": [connection(1, here, there)],
        "listeners": [{"cookie": 9, "transport": 6, "address": "0.0.0.0", "port": 8000}] if serves else [],
        "owners": holds(7, 1) if known else [],
        "requests": [{**one, "serves": serves} for one in requests],
        "sampling": sampling,
    }


def view(client: Client, columns: str) -> list[tuple[Any, ...]]:
    return client.query(f"SELECT {columns} FROM process_requests ORDER BY window")


def test_requests_that_both_hosts_count_are_the_servers_on_the_same_edge_as_its_bytes(kept: Client) -> None:
    answers: Row = {
        "answered": {"GET 2xx": 5, "GET 5xx": 1, "POST 4xx": 2},
        "latency": {bucket(5e3): 8},
        "unanswered": 3,
    }
    less: Row = {"answered": {"GET 2xx": 1}, "latency": {bucket(9e3): 1}}
    one, other = request(CLIENT, SERVER, **less), request(CLIENT, SERVER, **answers)
    store_windows(kept, window("h1", one), window("h2", other))

    columns = "client_service, server_service, server_port, requests, errors, unanswered, by, seen_by_server, width_ms"
    by = {"GET 2xx": 5, "GET 5xx": 1, "POST 4xx": 2}
    assert view(kept, columns) == [("shop", "nginx", 8000, 11, 4, 3, by, 1, WIDTH)]
    assert view(kept, "window, client, server, transport, server_port") == kept.query(
        "SELECT window, client, server, transport, server_port FROM process_edges"
    )


def test_the_clients_count_stands_where_the_server_has_no_agent(kept: Client) -> None:
    store_windows(kept, window("h1", request(CLIENT, SERVER, 3)))
    assert view(kept, "client_service, server, requests, seen_by_server") == [("shop", "address:10.0.0.2", 3, 0)]


def test_counts_are_scaled_and_the_end_that_looked_at_more_is_believed(kept: Client) -> None:
    store_windows(
        kept,
        window("h1", request(CLIENT, SERVER, 30), sampling=2),
        window("h2", request(CLIENT, SERVER, 10), sampling=8),
        window("h2", request(CLIENT, SERVER, 10, unanswered=1), sampling=8, at=1),
    )
    columns = "requests, unanswered, by, latency, sampling, seen_by_server"
    assert view(kept, columns) == [
        (60, 0, {"GET 2xx": 60}, {bucket(30e3): 60}, 2, 0),
        (88, 8, {"GET 2xx": 80}, {bucket(10e3): 80}, 8, 1),
    ]


def test_what_clients_gave_up_is_neither_a_request_nor_an_error(kept: Client) -> None:
    store_windows(kept, window("h2", request(CLIENT, SERVER, 3, unanswered=1, given_up=7), sampling=2))
    assert view(kept, "requests, errors, unanswered, given_up") == [(8, 2, 2, 14)]


def test_an_owner_found_late_holds_for_requests_stored_before(kept: Client) -> None:
    early = window("h1", request(CLIENT, SERVER, 3), known=False)
    store_windows(kept, early, window("h1", request(CLIENT, SERVER, 1), at=1))
    assert view(kept, "client_service, requests") == [("shop", 3), ("shop", 1)]


@pytest.mark.parametrize("count", [1, 2, 10, 1000])
def test_quantiles_are_those_of_the_sketch(kept: Client, count: int) -> None:
    random = Random(count)
    sketch = Counter(bucket(random.expovariate(1 / 20_000)) for _ in range(count))
    requests = request(CLIENT, SERVER, answered={"GET 2xx": count}, latency=dict(sketch))
    store_windows(kept, window("h2", requests))
    ((p50, p99),) = view(kept, "p50_ms, p99_ms")
    assert (p50, p99) == pytest.approx((quantile(sketch, 0.5) / 1000, quantile(sketch, 0.99) / 1000))


def test_rows_of_one_flow_merge_name_by_name(kept: Client) -> None:
    row = {"window": T0, "transport": "tcp", "width_ms": 5, "end": 0, "sampling": 1, "unanswered": 1}
    row |= {f"{end}_{name}": value for end in "ab" for name, value in (("scope", ""), ("address", end), ("port", 1))}
    for answered, latency in (({"POST 2xx": 1}, {9: 1, 10: 4}), ({"GET 2xx": 4, "POST 2xx": 1}, {2: 3, 10: 1})):
        kept.insert(
            "requests", {name: [value] for name, value in {**row, "answered": answered, "latency": latency}.items()}
        )
    assert kept.query("SELECT answered, latency FROM requests FINAL") == [
        ({"GET 2xx": 4, "POST 2xx": 1}, {2: 3, 9: 1, 10: 4})
    ]
