"""A Faust worker on a local Apache Kafka: batches of 1,000 connections, beside decoding them and nothing else."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.result import Goal, Result, seconds_of
from deploy.kafka import start
from log.protocol import Log
from log.settings import LogSettings
from schemas import topics
from schemas.codec import decode, encode
from schemas.raw import ConnectionBatch, Connections, Heartbeat
from schemas.times import HOUR_MS
from servicemap.config import load
from servicemap.connect import connect_log
from streams.app import run_worker
from streams.stage import AttributeStage, PairStage, Stage

HOSTS, WINDOWS, ROWS = 8, 48, 1000
WIDTH = 5000
PARTITIONS = 4
RUNS = 3


def run() -> list[Result]:
    """Attribute raw records, and pair what that makes."""
    records = list(_records(int(time.time() * 1000) // HOUR_MS * HOUR_MS - HOUR_MS))
    rows = HOSTS * WINDOWS * ROWS
    with tempfile.TemporaryDirectory() as folder, start(0, Path(folder)) as broker:
        url = f"kafka://{broker.address}"
        with closing(connect_log(load(flags={"log.url": url, "log.partitions": PARTITIONS}))) as log:
            for topic, key, value, timestamp in records:
                log.append(topic, key, value, timestamp=timestamp)
            log.flush()
            attribute = [_rate(url, log, 0, AttributeStage(partitions=PARTITIONS), rows)]
            pair = _rate(url, log, 0, PairStage(), rows)
            attribute += [_rate(url, log, n, AttributeStage(partitions=PARTITIONS), rows) for n in range(1, RUNS)]
    decoding = rows / seconds_of(lambda: [decode(topic, value) for topic, _, value, _ in records])
    beside: dict[str, Any] = {"unit": "rows/s", "against": "decoding alone", "against_value": decoding}
    goal = Goal(op=">=", number=120_000, of="value")
    return [
        Result(name="Faust worker: attribute", value=statistics.median(attribute), goal=goal, runs=attribute, **beside),
        Result(name="Faust worker: pair", value=pair, **beside),
    ]


def _rate(url: str, log: Log, number: int, stage: Stage, rows: int) -> float:
    """Return the rows a second that the worker of a new group folds, `rows` being all there are."""
    records = sum(log.bounds(topic.name, partition).end for topic in stage.reads for partition in range(PARTITIONS))
    seen: list[tuple[float, int]] = []

    def stopped() -> bool:
        if count := stage.counters["records"]:
            seen.append((time.monotonic(), count))
        return count >= records

    run_worker(LogSettings(url=url), [stage], log, lambda stage: f"{stage.name}-{number}", lambda *_: None, stopped)
    (first, before), (last, after) = seen[0], seen[-1]
    return rows * (after - before) / records / (last - first)


def _records(base: int) -> Iterator[tuple[str, bytes, bytes, int]]:
    """Iterate topic, key, value and timestamp of hosts whose connections all change in every window."""
    draw = Random(1)
    for number in range(WINDOWS):
        for host in range(HOSTS):
            header: dict[str, Any] = {
                "host_id": f"host-{host}",
                "boot_id": "0" * 36,
                "run": base,
                "seq": number,
                "window": base + number * WIDTH,
                "width": WIDTH,
                "keyframe": number % 12 == 0,
            }
            connections = ConnectionBatch(**header, connections=_connections(host, base, draw))
            heartbeat = Heartbeat(**header, sent={topics.CONNECTIONS.name: 1})
            for topic, batch in ((topics.CONNECTIONS, connections), (topics.HEARTBEATS, heartbeat)):
                yield topic.name, batch.host_id.encode(), encode(batch), batch.window + WIDTH


def _connections(host: int, base: int, draw: Random) -> Connections:
    numbers = range(ROWS)
    sent, received = ([draw.randrange(1 << 20) for _ in numbers] for _ in range(2))
    return Connections(
        cookie=[number + 1 for number in numbers],
        transport=[6] * ROWS,
        local_address=[f"10.0.0.{host}"] * ROWS,
        local_port=[32_768 + number for number in numbers],
        remote_address=[f"10.0.1.{number % 200}" for number in numbers],
        remote_port=[5432] * ROWS,
        state=[1] * ROWS,
        since=[base] * ROWS,
        sent_segments=[count // 1400 for count in sent],
        received_segments=[count // 1400 for count in received],
        rtt_us=[draw.randrange(100, 1000) for _ in numbers],
        min_rtt_us=[100] * ROWS,
        sent_bytes=sent,
        received_bytes=received,
    )
