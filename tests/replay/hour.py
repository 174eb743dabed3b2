"""`python -m tests.replay.hour LOG`: feed a recorded log through the folds, record by record, for a debugger.

LOG is the file of a local log, such as that of `servicemap up --for 1h --data /tmp/hour`. Nothing is written into it.
"""

import argparse
import heapq
import sys
from collections.abc import Iterator
from contextlib import closing
from operator import attrgetter
from pathlib import Path

from log.connect import partitions_of
from log.open import open_log
from log.protocol import Log, Record
from schemas import topics
from streams.stage import AttributeStage, Emission, PairStage


def raw_records(log: Log) -> Iterator[Record]:
    """Yield the raw facts of all topics and partitions in the order in which they were logged."""
    names = [(topic.name, partition) for topic in topics.RAW for partition in range(partitions_of(log))]
    streams = [log.read(name, partition, *log.bounds(name, partition)) for name, partition in names]
    return heapq.merge(*streams, key=attrgetter("timestamp"))


def folded(records: Iterator[Record], partitions: int = 1) -> Iterator[tuple[Record, Emission]]:
    """Yield each emission of the folds with its record. Set a breakpoint here."""
    attribute, pair = AttributeStage(partitions=partitions), PairStage()
    for record in records:
        for made in attribute.feed(record):
            yield record, made
            if made.topic == topics.SIDES.name:
                side = Record(made.topic, made.partition or 0, 0, record.timestamp, made.key, made.value)
                for edges in pair.feed(side):
                    yield side, edges


def main() -> None:
    """Print what the folds emit to a topic."""
    parser = argparse.ArgumentParser(prog="python -m tests.replay.hour", description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("--topic", default=topics.EDGES.name, help="what to print")
    parser.add_argument("--find", default="", help="a text that the emitted record has, such as an address")
    arguments = parser.parse_args()
    with closing(open_log(arguments.log)) as log:
        for record, made in folded(raw_records(log), partitions_of(log)):
            if made.topic == arguments.topic and arguments.find.encode() in made.value:
                sys.stdout.write(f"{record.topic}@{record.offset} {made.value.decode()}\n")


if __name__ == "__main__":
    main()
