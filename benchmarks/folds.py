"""From raw connection rows to merged edges: both folds on one core, beside decoding alone.

Two hosts hold 2,000 connections with each other, as clients and servers, and report each of them in every window for
two minutes: JSON bytes in, `EdgeBatch` objects out. `folds` hands the sides from fold to fold as objects, as a reader
that runs both would; `folds with codec` writes and reads the JSON of every hop, as the log does, and goes through the
stages that the loop and the Faust agents drive.
"""

from collections import Counter
from random import Random
from typing import Any

from benchmarks.connection import CONNECTION
from benchmarks.result import Goal, Result, compared
from log.protocol import Record
from schemas.codec import decode, encode
from schemas.raw import (
    Batch,
    ConnectionBatch,
    Connections,
    Heartbeat,
    ListenerBatch,
    Listeners,
    OwnerBatch,
    Owners,
    ProcessBatch,
    Processes,
)
from streams.attribute import Attribution
from streams.pair import Pairing
from streams.stage import AttributeStage, PairStage

WIDTH = 5_000
WINDOWS = 24
KEYFRAME = 12  # windows
CONNECTIONS = 2_000  # between the two hosts, each seen by both
SERVERS = 50  # processes, each with its port, on each host
ROWS = 2 * WINDOWS * CONNECTIONS


def run() -> list[Result]:
    messages = recorded()
    goal = Goal(op=">=", number=200_000, of="value")
    return [
        compared(
            "folds",
            lambda: folded(messages),
            "decode alone",
            lambda: decoded(messages),
            amount=ROWS,
            unit="rows/s",
            goal=goal,
        ),
        compared(
            "folds with codec",
            lambda: staged(messages),
            "decode alone",
            lambda: decoded(messages),
            amount=ROWS,
            unit="rows/s",
        ),
    ]


def decoded(messages: list[Record]) -> int:
    """Decode and nothing else; returns rows."""
    batches = (decode(message.topic, message.value) for message in messages)
    return sum(len(batch.connections) for batch in batches if isinstance(batch, ConnectionBatch))


def folded(messages: list[Record]) -> int:
    """Decode, attribute and pair; returns rows of edges."""
    hosts: dict[bytes, Attribution] = {}
    pairing = Pairing(Counter())
    rows = 0
    for message in messages:
        attribution = hosts.get(message.key)
        if attribution is None:
            attribution = hosts[message.key] = Attribution()
        for attributed in attribution.feed(message.topic, decode(message.topic, message.value)):
            for _, sides in attributed.sides:
                rows += sum(len(batch.edges) for batch in pairing.feed(sides))
    return rows


def staged(messages: list[Record]) -> int:
    """Go through the stages and the JSON of every hop; returns rows of edges."""
    attribute, pair = AttributeStage(), PairStage()
    for message in messages:
        for sides in attribute.feed(message):
            if sides.topic == "sides":
                for edges in pair.feed(Record("sides", 0, 0, message.timestamp, sides.key, sides.value)):
                    decode("edges", edges.value)
    return pair.counters["edges"]


def recorded() -> list[Record]:
    """Return what the agents of two hosts log, window by window."""
    random = Random(1)
    ports = [(random.randrange(2), 1_000 + random.randrange(SERVERS), 33_000 + n) for n in range(CONNECTIONS)]
    messages = []
    for at in range(WINDOWS):
        for host in (0, 1):
            for topic, batch in _batches(host, at, ports, random).items():
                timestamp = batch.window + WIDTH
                messages.append(Record(topic, 0, at, timestamp, b"h%d" % host, encode(batch)))
    return messages


def _batches(host: int, at: int, ports: list[tuple[int, int, int]], random: Random) -> dict[str, Batch]:
    head: dict[str, Any] = {
        "host_id": f"h{host}",
        "boot_id": "boot",
        "run": 0,
        "seq": at,
        "window": at * WIDTH,
        "width": WIDTH,
        "keyframe": at % KEYFRAME == 0,
    }
    whole = at % KEYFRAME == 0
    pids = range(1_000, 1_000 + SERVERS)
    owners = [(n, 1_000 + n % SERVERS, 5, "scan") for n in range(CONNECTIONS)]
    listeners = [(10_000 + pid, 6, "0.0.0.0", pid, 0, 0) for pid in pids]
    processes = [
        (pid, 5, 0, 1, 0, "root", f"server-{pid}", f"/usr/bin/server-{pid}", [f"server-{pid}"], "", "", "", 0)
        for pid in pids
    ]
    return {
        "processes": ProcessBatch(**head, processes=Processes.of(processes if whole else ())),
        "connections": ConnectionBatch(**head, netns=1, connections=_connections(host, ports, random)),
        "listeners": ListenerBatch(**head, netns=1, listeners=Listeners.of(listeners if whole else ())),
        "owners": OwnerBatch(**head, owners=Owners.of(owners if whole else ())),
        "heartbeats": Heartbeat(**head, sent=dict.fromkeys(("processes", "connections", "listeners", "owners"), 1)),
    }


def _connections(host: int, ports: list[tuple[int, int, int]], random: Random) -> Connections:
    rows = []
    for cookie, (server, served, client) in enumerate(ports):
        local, remote = (served, client) if server == host else (client, served)
        sent, got, rtt = random.randrange(100_000), random.randrange(100_000), random.randrange(200, 900)
        ends = (f"10.0.0.{host + 1}", local, f"10.0.0.{2 - host}", remote)
        flags = (0, False, True, server == host, False, False)  # since, opened, fresh, accepted, closed, failed
        rows.append((cookie + 1, 6, *ends, 1, 0, *flags, sent, got, sent // 1448, got // 1448, 0, rtt, 180))
    return Connections.of(rows, CONNECTION)
