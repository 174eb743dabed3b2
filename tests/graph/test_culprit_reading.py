"""The evidence is what the store has of an hour, step by step; the culprit in it is found."""

import pytest
from msgspec.structs import replace

from graph.culprit.finding import find
from graph.culprit.reading import STEP_MS, Found, read_evidence
from graph.culprit.words import Names, words
from schemas.latency import bucket
from sinks.store import Store
from tests.graph.flows import T0, WIDTH, End, flow, requests, stored
from tests.rollups.conftest import Fresh

MINUTES, SLOW_FROM = 75, 65
BOT, WEB, STORE = (End(f"10.0.0.{n}", 8000 + n, f"h{n}", n, name) for n, name in enumerate(("bot", "web", "store"), 1))
QUICK, LATE = bucket(3_000), bucket(90_000)
BEGAN, END = T0 + SLOW_FROM * STEP_MS, T0 + MINUTES * STEP_MS


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    """A bot asks a shop, which asks a store that answers late in the last ten minutes; each on a host of its own."""
    store = fresh()
    edges, asked = [], []
    for minute in range(MINUTES):
        for at, (client, server) in enumerate(((BOT, WEB), (WEB, STORE))):
            row = flow(
                client._replace(port=40_000 + at), server, window=T0 + minute * STEP_MS, rtt_us=300, sent_segments=50
            )
            edges.append(row | {"a_sent_bytes": 10, "a_rtt_us": 250})
            asked.append((row, {"GET 2xx": 100}, {LATE if minute >= SLOW_FROM else QUICK: 100}))
    stored(store, *edges)
    requests(store, *asked)
    ends = (BOT, WEB, STORE)
    minutes = [(end, minute) for end in ends for minute in range(MINUTES)]
    store.insert(
        "host_usage",
        {
            "window": [T0 + minute * STEP_MS for _, minute in minutes],
            "host": [end.host for end, _ in minutes],
            "width_ms": [STEP_MS] * len(minutes),
            "cpu_ratio": [0.25] * len(minutes),
        },
    )
    started = {"time": BEGAN - WIDTH, "kind": "process_started", "subject": STORE.node, "object": "", "host": "h3"}
    started |= {"service": "store", "detail": "store started (pid 3)"}
    store.insert("events", {name: [value] for name, value in started.items()})
    return store


@pytest.fixture(scope="module")
def found(store: Store) -> Found:
    return read_evidence(store, "service", END, BEGAN)


def test_edges_have_requests_times_and_the_network_of_each_step(found: Found) -> None:
    (edge,) = (edge for edge in found.evidence.edges if edge.server == "service:store")

    assert len(found.evidence.times) == len(edge.series["requests"]) == MINUTES - (SLOW_FROM - 60)
    assert edge.series["requests"][0] == pytest.approx(100 / 60)
    assert edge.series["p50"][0] == pytest.approx(3, rel=0.02)
    assert edge.series["p95"][-1] == edge.series["mean"][-1] == pytest.approx(90, rel=0.02)
    assert set(edge.series["failed"]) == {0}
    assert edge.series["client_rtt"][0] == pytest.approx(0.3)


def test_nodes_know_their_hosts_and_hosts_how_busy_they_are(found: Found) -> None:
    nodes = {node.id: node for node in found.evidence.nodes}

    assert list(nodes["service:store"].inside) == ["host:h3"]
    assert nodes["host:h3"].series["cpu"][0] == pytest.approx(0.25)
    assert nodes["host:h3"].series["alive"][0] == 1
    assert nodes["service:store@host:h3"].of == "service:store"
    assert {(link.client, link.server) for link in found.evidence.links} == {
        ("host:h1", "host:h2"),
        ("host:h2", "host:h3"),
    }


@pytest.mark.parametrize("symptom", ["", "service:web"])
@pytest.mark.parametrize("level", ["service", "process", "host"])
def test_the_culprit_is_found_at_each_level(store: Store, level: str, symptom: str) -> None:
    names = {"service": "service:store", "process": STORE.node, "host": "host:h3"}
    evidence = read_evidence(store, level, END, BEGAN).evidence
    chosen = symptom if level == "service" else ""

    assert find(replace(evidence, symptom=chosen)).suspects[0].subject == names[level]


def test_a_start_that_nobody_says_is_found(store: Store) -> None:
    (first, *_) = find(read_evidence(store, "service", END, None).evidence).suspects

    assert first.subject == "service:store"


def test_what_happened_before_is_a_witness_and_all_is_put_in_words(found: Found) -> None:
    evidence = replace(found.evidence, symptom="service:web")
    in_words = words(find(evidence), Names(evidence, found.titles), str)

    assert in_words.culprit.startswith("store answers later than usual")
    assert in_words.way[0].startswith("web: time to answer")
    assert in_words.way[-1].startswith("store: time to answer")
    assert [line.partition(" ")[2] for line in in_words.witnesses] == ["store started (pid 3)"]
    assert "web: explained by store" in in_words.ruled_out


def test_a_quiet_time_has_no_culprit(store: Store) -> None:
    evidence = read_evidence(store, "service", BEGAN, BEGAN - 10 * STEP_MS).evidence

    assert not find(evidence).suspects


def test_an_empty_time_has_no_culprit_either(store: Store) -> None:
    evidence = read_evidence(store, "service", T0 - 100 * STEP_MS, None).evidence

    assert not find(evidence).suspects
