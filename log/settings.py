"""The settings of the log: the section `[log]` of the configuration."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from schemas import topics
from schemas.times import HOUR_MS
from schemas.tls_settings import TlsSettings
from schemas.topics import Topic

KAFKA = "kafka://"
KAFKA_PARTITIONS = 4

Count = Annotated[int, Meta(ge=0)]
Mechanism = Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]


class SaslSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The login at Kafka (SASL)."""

    mechanism: Mechanism = ""
    """PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER; empty: no login."""
    username: str = ""
    """Name of the user, for PLAIN and SCRAM."""
    password: str = ""
    """Password of the user, for PLAIN and SCRAM."""
    password_file: str = ""
    """A file with that password, in place of `password`."""
    token_command: tuple[str, ...] = ()
    """Program and arguments that print a token for OAUTHBEARER: JSON with `access_token` and `expires_in` (seconds)."""


class LogSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log that facts are written to and read from."""

    url: str = ""
    """A path or kafka://host:9092; empty: a file in the data directory."""
    partitions: Count = 0
    """Partitions of new topics; 0: one in a file, four on Kafka."""
    keep_hours: Count = 0
    """Hours raw facts are kept; 0: as the topics declare (7 days raw, 1 day derived)."""
    keep_bytes: Count = 0
    """Most bytes of a topic's partition, compressed; 0: 2 GiB. On Kafka this holds for new topics only."""

    tls: TlsSettings = field(default_factory=TlsSettings)
    sasl: SaslSettings = field(default_factory=SaslSettings)

    @property
    def kafka(self) -> bool:
        """Return whether the log is Kafka."""
        return self.url.startswith(KAFKA)

    @property
    def brokers(self) -> str:
        """Return the addresses of Kafka, host:port[,host:port]."""
        return self.url.removeprefix(KAFKA).strip("/")

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
            yield replace(
                topic,
                partitions=self.new_partitions,
                retention_ms=self.keep_hours * HOUR_MS or topic.retention_ms,
                read_ms=0 if self.keep_hours else topic.read_ms,
                retention_bytes=self.keep_bytes or topic.retention_bytes,
            )
