"""What the agents say of themselves in the log: the collectors that failed in the last window of each host."""

from collections.abc import Iterator

from schemas.codec import BadRecord, decode
from schemas.raw import Heartbeat
from schemas.topics import HEARTBEATS
from servicemap.check import Check
from servicemap.log.protocol import Log

LATEST_MS = 120_000
MOST_RECORDS = 5_000  # of a partition: two minutes of 200 hosts


def agent_checks(log: Log, now: int) -> Iterator[Check]:
    """Yield the failures that hosts reported last; `now` in ms. Hosts that said nothing lately have no part in it."""
    for beat in _last(log, now):
        name = beat.hostname or beat.host_id
        for topic, reason in sorted(beat.failed.items()):
            found = f"its collector fails, and nothing new is known of them: {reason}"
            fix = f"servicemap doctor on {name}, and the log of its agent"
            yield Check(f"{topic} of {name}", "broken", found, "a collector that works", fix)


def _last(log: Log, now: int) -> list[Heartbeat]:
    """Return the last heartbeat of every host."""
    beats: dict[str, Heartbeat] = {}
    partitions = next((topic.partitions for topic in log.topics() if topic.name == HEARTBEATS.name), 0)
    for partition in range(partitions):
        _, end = log.bounds(HEARTBEATS.name, partition)
        start = max(log.offset_at(HEARTBEATS.name, partition, now - LATEST_MS), end - MOST_RECORDS)
        for record in log.read(HEARTBEATS.name, partition, start, end):
            try:
                beat: Heartbeat = decode(HEARTBEATS.name, record.value)
            except BadRecord:
                continue
            beats[beat.host_id] = beat
    return [beats[host] for host in sorted(beats)]
