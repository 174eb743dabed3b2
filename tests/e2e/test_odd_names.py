"""A host with a program whose name is not valid text, from the agent through the folds to the map."""

import os
import shutil
import socket
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collectors.registered import registered
from collectors.registry import Sources
from collectors.runner import run
from collectors.settings import Settings
from collectors.window import Collector, Window
from log.protocol import Record
from schemas.codec import decode
from schemas.graph import SideBatch
from schemas.raw import Batch
from schemas.text import to_text
from schemas.topics import Topic
from streams.stage import AttributeStage
from tests.collectors.watching import eventually

PROGRAM = b"odd \xff\x1b[2J\n:\\xff"


@contextmanager
def odd_client(folder: Path, port: int) -> Iterator[int]:
    """Yield a copy of a program that talks, under a name of any bytes."""
    program = os.fsencode(folder) + b"/" + PROGRAM
    shutil.copy(os.fsencode(shutil.which("bash") or ""), program)
    script = f"exec 3<>/dev/tcp/127.0.0.1/{port}; read"
    with subprocess.Popen([program, b"-c", script.encode(), b"\xfe"], stdin=subprocess.PIPE) as process:
        yield process.pid
        assert process.stdin is not None
        process.stdin.close()


def test_a_program_whose_name_is_not_text_is_on_the_map_with_all_others(tmp_path: Path) -> None:
    messages: list[Record] = []
    offsets: defaultdict[str, int] = defaultdict(int)

    def publish(topic: Topic, key: bytes, value: bytes) -> None:
        offsets[topic.name] += 1
        window = decode(topic.name, value)
        messages.append(Record(topic.name, 0, offsets[topic.name], window.window + window.width, key, value))

    def beats() -> int:
        return offsets["heartbeats"]

    stop = threading.Event()
    settings = Settings(host_id="here", window_ms=200, keyframe_ms=600)
    with socket.create_server(("127.0.0.1", 0)) as server, odd_client(tmp_path, server.getsockname()[1]) as pid:
        accepted, _ = server.accept()
        agent = threading.Thread(target=run, args=(settings, publish, lambda: None, stop))
        agent.start()
        try:
            eventually(lambda: beats() >= 12, 60)
        finally:
            stop.set()
            agent.join()
            accepted.close()

    stage = AttributeStage()
    emitted = [emission for message in messages if message.topic != "hosts" for emission in stage.feed(message)]
    nodes = [row for one in emitted if one.topic == "nodes" for row in decode("nodes", one.value).nodes.rows()]
    kinds = {kind for one in emitted if one.topic == "events" for kind in decode("events", one.value).events.kind}
    services = {who for one in emitted if one.topic == "sides" for who in decode("sides", one.value).identities.service}
    beat = decode("heartbeats", next(one.value for one in reversed(messages) if one.topic == "heartbeats"))

    assert stage.counters["dead_letters"] == 0
    assert to_text(PROGRAM) in services
    assert {row[5] for row in nodes} >= {pid, os.getpid()}
    assert all(text.isprintable() for row in nodes for text in row if isinstance(text, str))
    assert not [kind for kind in kinds if kind.startswith(("collector", "edge"))]
    assert beat.failed == {}
    assert not [name for name in beat.counters if name.startswith(("errors_", "rows_skipped_"))]


class Breaking:
    """A collector that fails in some windows."""

    def __init__(self, inner: Collector) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def collect(self, window: Window) -> Batch | list[Batch]:
        if 4 <= window.seq < 11:
            raise OSError("it broke")
        return self._inner.collect(window)


@pytest.mark.parametrize("kind", ["processes", "owners", "connections", "listeners"])
def test_a_collector_that_fails_over_two_keyframes_removes_nothing_from_the_map(kind: str) -> None:
    messages: list[Record] = []

    def publish(topic: Topic, key: bytes, value: bytes) -> None:
        record = decode(topic.name, value)
        messages.append(Record(topic.name, 0, len(messages), record.window + record.width, key, value))

    settings = Settings(host_id="here", window_ms=200, keyframe_ms=600)
    collectors: list[Any] = [Breaking(one) if one.topic.name == kind else one for one in registered(Sources(settings))]
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        agent = threading.Thread(
            target=run, args=(settings, publish, lambda: None, stop), kwargs={"collectors": collectors}
        )
        agent.start()
        try:
            eventually(lambda: sum(message.topic == "heartbeats" for message in messages) >= 14, 60)
        finally:
            stop.set()
            agent.join()
            accepted.close()
        port = server.getsockname()[1]

    stage = AttributeStage()
    known: list[bool] = []
    kinds: list[str] = []
    for message in messages:
        for emission in stage.feed(message) if message.topic != "hosts" else ():
            if emission.topic == "events":
                kinds += decode("events", emission.value).events.kind
            if emission.topic == "sides":
                known += list(_known(decode("sides", emission.value), port))

    assert [one for one in kinds if one.startswith(("collector", "edge"))] == [
        "collector_failed",
        "collector_recovered",
    ]
    assert len(known) >= 20
    assert all(known)
    assert stage.counters["dead_letters"] == 0


def _known(batch: SideBatch, port: int) -> Iterator[bool]:
    """Yield for each connection to a port whether its end is known."""
    for flow, who in zip(batch.sides.flow, batch.ends.who, strict=True):
        if flow.endswith(f":{port}") or f":{port} " in flow:
            yield bool(batch.identities.node[who - 1])
