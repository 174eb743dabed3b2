"""From an address to a log."""

from pathlib import Path

from log.protocol import Log, LogUnusable


def open_log(url: str | Path) -> Log:
    """A path or `sqlite:///path` is a local log, `kafka://host:port[,host:port]` is Apache Kafka.

    Raises LogError with what to do if it cannot be opened or, within 10 s, reached.
    """
    scheme, separator, rest = str(url).partition("://")
    if not separator:
        scheme, rest = "sqlite", str(url)
    if scheme == "sqlite":
        from log.local import LocalLog

        return LocalLog(Path(rest).expanduser())
    if scheme == "kafka" and rest.strip("/,"):
        from log.kafka import KafkaLog

        return KafkaLog(rest.strip("/"))
    raise LogUnusable(f"{url} is not a log; give --log a path or kafka://host:9092")
