"""What the agents of two hosts log that talk with each other, as benchmarks make it up."""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from log.protocol import Record
from schemas.codec import encode
from schemas.raw import (
    Batch,
    ConnectionBatch,
    Connections,
    Exits,
    Heartbeat,
    ListenerBatch,
    Listeners,
    OwnerBatch,
    Owners,
    ProcessBatch,
    Processes,
    RequestBatch,
)

CONNECTION = (
    "cookie", "transport", "local_address", "local_port", "remote_address", "remote_port", "state", "uid", "since",
    "opened", "fresh", "accepted", "closed", "failed", "sent_bytes", "received_bytes", "sent_segments",
    "received_segments", "retransmits", "rtt_us", "min_rtt_us",
)  # fmt: skip
WIDTH, KEYFRAME = 5_000, 12  # ms, and windows
HOSTS = (0, 1)
Rows = Iterable[tuple[Any, ...]]


def is_whole(at: int) -> bool:
    """Return whether a window restates everything."""
    return at % KEYFRAME == 0


def window(
    host: int,
    at: int,
    start: int,
    *,
    connections: Rows,
    owners: Rows,
    listeners: Rows = (),
    processes: Rows = (),
    exits: Rows = (),
) -> Iterator[Record]:
    """Yield what one host's agent logs of its window number `at`; `start` is that of the first one, ms."""
    head: dict[str, Any] = {
        "host_id": f"h{host}",
        "boot_id": f"boot{host}",
        "run": start,
        "seq": at,
        "window": start + at * WIDTH,
        "width": WIDTH,
        "keyframe": is_whole(at),
    }
    batches: dict[str, Batch] = {
        "processes": ProcessBatch(**head, processes=Processes.of(processes), exits=Exits.of(exits)),
        "connections": ConnectionBatch(**head, netns=1, connections=Connections.of(connections, CONNECTION)),
        "listeners": ListenerBatch(**head, netns=1, listeners=Listeners.of(listeners)),
        "owners": OwnerBatch(**head, owners=Owners.of(owners)),
        "requests": RequestBatch(**head, netns=1),
    }
    batches["heartbeats"] = Heartbeat(**head, hostname=f"h{host}", netns=1, sent=dict.fromkeys(batches, 1))
    for topic, batch in batches.items():
        yield Record(topic, 0, at, batch.window + WIDTH, b"h%d" % host, encode(batch))


def process(pid: int, name: str, started: int = 0) -> tuple[Any, ...]:
    """Return the row of a process that started at a time, ms."""
    return pid, 5, started, 1, 0, "root", name, f"/usr/bin/{name}", [name], "", "", "", 0


def paired(
    host: int, cookie: int, served: int, client: int, since: int, random: Random | None, *, server: int = 0
) -> tuple[Any, ...]:
    """Return the row of a connection between both hosts, as one of them sees it, with what it carries if anything.

    `served` and `client` are the ports of its ends, and `server` is the host that serves.
    """
    local, remote = (served, client) if host == server else (client, served)
    ends = (f"10.0.0.{host + 1}", local, f"10.0.0.{2 - host}", remote)
    flags = (since, False, True, host == server, False, False)  # since, opened, fresh, accepted, closed, failed
    if random is None:
        return cookie, 6, *ends, 1, 0, *flags, 0, 0, 0, 0, 0, 400, 180
    sent, got, rtt = random.randrange(100_000), random.randrange(100_000), random.randrange(200, 900)
    return cookie, 6, *ends, 1, 0, *flags, sent, got, sent // 1448, got // 1448, 0, rtt, 180
