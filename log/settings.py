"""The settings of the log: the section `[log]` of the configuration."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from schemas import topics
from schemas.topics import HOUR_MS, Topic

KAFKA = "kafka://"
KAFKA_PARTITIONS = 4

Count = Annotated[int, Meta(ge=0)]


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where facts are written to and read from."""

    url: str = ""
    """A path or kafka://host:9092; empty: a file in the data directory."""
    partitions: Count = 0
    """Partitions of new topics; 0: one in a file, four on Kafka."""
    keep_hours: Count = 0
    """Hours raw facts are kept; 0: as the topics declare (7 days raw, 1 day derived)."""

    @property
    def kafka(self) -> bool:
        """Say whether the log is Kafka."""
        return self.url.startswith(KAFKA)

    @property
    def path(self) -> Path:
        """Return the file of a local log."""
        return Path(self.url.removeprefix("sqlite://")).expanduser()

    @property
    def new_partitions(self) -> int:
        """Return the number of partitions of new topics."""
        return self.partitions or (KAFKA_PARTITIONS if self.kafka else 1)

    def topics(self) -> Iterable[Topic]:
        """Return all topics with the partitions and the retention that are set here."""
        for topic in topics.ALL:
            made = replace(topic, partitions=self.new_partitions)
            yield replace(made, retention_ms=self.keep_hours * HOUR_MS) if self.keep_hours else made
