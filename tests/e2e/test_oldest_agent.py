"""The newest worker still makes a map from recorded messages of an agent of the first version."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from log.protocol import Record
from schemas.export import GOLDEN
from schemas.topics import BY_NAME, DEAD_LETTERS, RAW
from servicemap.cli import main
from sinks.address import Address
from sinks.reconcile import reconcile
from sinks.sink import Sink
from sinks.store import Store, create_database
from sinks.tables import TOPICS
from streams.stage import AttributeStage, PairStage
from tests.cli.conftest import running_store

WIDTH = 5_000
STAMP = re.compile(r"\b17\d{11}\b")  # a time in the kept messages, ms
WINDOW = 1_764_547_250_000  # of the keyframe
KEYFRAME = ("processes", "listeners", "owners", "connections")
NEWEST = sorted(path for path in GOLDEN.glob("*/v*/*.json") if path.name != "schema.json")


def kept(topic: str, example: str, later: int = 0) -> bytes:
    """Return a message of the first version with the present time, because the store drops old rows."""
    text = (GOLDEN / topic / "v1" / f"{example}.json").read_text()
    return STAMP.sub(lambda found: str(int(found[0]) + later), text).encode()


def record(topic: str, value: bytes, timestamp: int) -> Record:
    return Record(topic, 0, 0, timestamp, json.loads(value).get("host_id", "").encode(), value)


def windows(later: int) -> Iterator[Record]:
    """Yield the messages of an agent of the first version: a keyframe and an idle window, each heartbeat last."""
    sent = WINDOW + later + WIDTH
    for topic in KEYFRAME:
        yield record(topic, kept(topic, "keyframe", later), sent)
    yield record("heartbeats", kept("heartbeats", "busy_host", later), sent)
    yield record("heartbeats", kept("heartbeats", "idle_window", later), sent + WIDTH)


def folded(records: list[Record]) -> Iterator[Record]:
    """Yield what the folds emit for raw records."""
    attribute, pair = AttributeStage(), PairStage()
    for raw in records:
        for made in attribute.feed(raw):
            out = Record(made.topic, made.partition or 0, 0, raw.timestamp, made.key, made.value)
            yield out
            for edges in pair.feed(out) if out.topic == "sides" else ():
                yield Record(edges.topic, 0, 0, raw.timestamp, edges.key, edges.value)


@pytest.mark.parametrize("path", NEWEST, ids=lambda path: f"{path.parent.parent.name}-{path.parent.name}-{path.stem}")
def test_the_newest_worker_reads_every_recorded_message(path: Path) -> None:
    topic = BY_NAME[path.parent.parent.name]
    value = path.read_bytes()
    stage = next((one for one in (AttributeStage(), PairStage()) if topic in one.reads), None)
    if stage is None:
        pytest.skip("no fold reads it; tests/schemas holds that it decodes")

    made = stage.feed(record(topic.name, value, json.loads(value).get("window", WINDOW)))

    assert DEAD_LETTERS.name not in {each.topic for each in made}
    assert stage.counters["dead_letters"] == stage.counters["rows_left_out"] == 0


def test_messages_of_the_oldest_agent_make_a_map(tmp_path: Path) -> None:
    now = int(time.time() * 1000)
    later = (now - WINDOW) // WIDTH * WIDTH - 2 * WIDTH
    raw = list(windows(later))
    assert {each.topic for each in raw} <= {topic.name for topic in RAW}
    made = list(folded(raw))
    assert DEAD_LETTERS.name not in {each.topic for each in made}

    with running_store(tmp_path / "store") as facts:
        token = tmp_path / "store" / "store.token"
        address = Address("127.0.0.1", facts["native_port"], "servicemap", "", "servicemap", token)
        create_database(address)
        store = Store(address)
        reconcile(store)
        refused: list[str] = []
        sink = Sink(store, lambda _, reason: refused.append(reason))
        for each in [*raw, *made]:
            if each.topic in TOPICS:
                sink.add(each)
        sink.flush()
        store.close()
        printed = CliRunner().invoke(main, ["map", "--since", "1m", "--all", "--json", "--data", str(tmp_path)])

    assert refused == []
    assert printed.exit_code == 0, printed.stderr
    graph = json.loads(printed.stdout)
    services = {node["id"]: node.get("service") for node in graph["nodes"]}
    ends = {(services[edge["client"]], services[edge["server"]], edge["server_port"]) for edge in graph["edges"]}
    assert any(client and "shop" in client and port == 5432 for client, _, port in ends), ends
    assert any(server == "nginx" and port == 443 for _, server, port in ends), ends
