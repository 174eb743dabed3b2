"""From an address to a log."""

from pathlib import Path

from log.protocol import Log, LogUnusable
from log.settings import LogSettings


def open_log(place: LogSettings | str | Path) -> Log:
    """Open the log at an address: a path or `sqlite:///path` (local), or `kafka://host:port[,host:port]`.

    Raise LogError, with the remedy, if it cannot be opened, or not be reached within 10 s.
    """
    settings = place if isinstance(place, LogSettings) else LogSettings(url=str(place))
    scheme, separator, rest = settings.url.partition("://")
    if not separator or scheme == "sqlite":
        from log.local import LocalLog

        return LocalLog(settings.path)
    if scheme == "kafka" and "@" in rest:
        raise LogUnusable(
            "an address of Kafka holds no login: set log.sasl.username, and the password in log.sasl.password_file"
            " or in SERVICEMAP_LOG__SASL__PASSWORD"
        )
    if scheme == "kafka" and rest.strip("/,"):
        from log.kafka import KafkaLog
        from log.security import Security

        return KafkaLog(settings.brokers, Security(settings.tls, settings.sasl))
    raise LogUnusable(f"{settings.url} is not a log; give --log a path or kafka://host:9092")
