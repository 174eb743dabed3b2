"""From raw connection rows to merged edges: both folds on one core, beside decoding alone.

Two hosts hold 2,000 connections with each other, as clients and servers, and report each of them in every window for
two minutes: JSON bytes in, `EdgeBatch` objects out. `folds` hands the sides from fold to fold as objects, as a reader
that runs both would; `folds with codec` writes and reads the JSON of every hop, as the log does, and goes through the
stages that the loop and the Faust agents drive.
"""

from collections import Counter
from collections.abc import Iterator
from random import Random

from benchmarks.connection import HOSTS, is_whole, paired, process, window
from benchmarks.result import Goal, Result, compared
from log.protocol import Record
from schemas.codec import decode
from schemas.raw import ConnectionBatch
from streams.attribute import Attribution
from streams.pair import Pairing
from streams.stage import AttributeStage, PairStage

WINDOWS = 24
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
    return [record for at in range(WINDOWS) for host in HOSTS for record in _window(host, at, ports, random)]


def _window(host: int, at: int, ports: list[tuple[int, int, int]], random: Random) -> Iterator[Record]:
    pids = range(1_000, 1_000 + SERVERS)
    return window(
        host,
        at,
        0,
        connections=[
            paired(host, number + 1, served, client, 0, random, server=server)
            for number, (server, served, client) in enumerate(ports)
        ],
        owners=[(n, 1_000 + n % SERVERS, 5, "scan") for n in range(CONNECTIONS)] if is_whole(at) else (),
        listeners=[(10_000 + pid, 6, "0.0.0.0", pid, 0, 0) for pid in pids] if is_whole(at) else (),
        processes=[process(pid, f"server-{pid}") for pid in pids] if is_whole(at) else (),
    )
