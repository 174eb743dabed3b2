"""`log` and `log lag`: what is in the log, and who lags behind. It is only read, and never made."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import click

from log.protocol import Log, LogError, TopicInfo
from schemas.text import shown
from schemas.times import HOUR_MS
from schemas.topics import Topic
from servicemap.columns import aligned
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.directory import is_held
from servicemap.options import Failure
from servicemap.parts import STORE_GROUP, group_of, stages
from servicemap.printing import print_json
from servicemap.running import elsewhere
from sinks.tables import TOPICS

Answer = TypeVar("Answer")


def list_topics(config: Config, *, as_json: bool) -> None:
    """Print the topics with what they hold and are for."""
    with closing(existing_log(config)) as log:
        kept = {topic.name: topic for topic in config.log_settings.topics()}
        rows = [_topic(info, kept, kafka=config.log_settings.kafka) for info in _asked(log.topics)]
    if not rows:
        raise Failure(f"{shown(config.log_url)} holds no topics: it is not a servicemap log, or nothing has run yet")
    if as_json:
        for row in rows:
            print_json(row)
        return
    click.echo(
        aligned(
            ("TOPIC", "PARTITIONS", "RECORDS", "SIZE", "KEY", "KEPT", "ABOUT"),
            [
                (
                    shown(row["topic"]),
                    str(row["partitions"]),
                    f"{row['records']:,}",
                    "" if row["size_bytes"] is None else f"{row['size_bytes'] / (1 << 20):.1f} MiB",
                    row["key"],
                    _kept(row),
                    row["about"],
                )
                for row in rows
            ],
            right={1, 2, 3},
        ),
        nl=False,
    )


def show_lag(config: Config, *, as_json: bool) -> None:
    """Print how far every group is behind in every partition it reads."""
    with closing(existing_log(config)) as log:
        rows = _asked(lambda: list(lags(log, groups(config), int(time.time() * 1000))))
    if as_json:
        for row in rows:
            print_json(row)
        return
    click.echo(
        aligned(
            ("GROUP", "TOPIC", "PARTITION", "COMMITTED", "END", "BEHIND", "SECONDS"),
            [tuple("" if value is None else str(value) for value in row.values()) for row in rows],
            right={2, 3, 4, 5, 6},
        ),
        nl=False,
    )


def existing_log(config: Config) -> Log:
    """Open the log that is there; Failure when there is none."""
    scheme, separator, _ = config.log_url.partition("://")
    if not separator or scheme == "sqlite":
        path = config.log_settings.path
        others = "" if config.log.url or is_held(config.directory) else elsewhere(config)
        if not _is_there(path):
            instead = others or "start `servicemap up`, or name one with --log or --data"
            raise Failure(f"there is no log at {path}: {instead}")
        if others and not config.data:  # who names a directory means it
            click.echo(f"servicemap: this is the log {shown(str(path))}, where nothing runs: {others}", err=True)
    return connect_log(config, create=False)


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise Failure(f"you may not read {path.parent} ({error.strerror}): run this as the user who owns it") from None


def groups(config: Config) -> dict[str, list[str]]:
    """Return the topics that each consumer group reads."""
    folds = {group_of(stage): [topic.name for topic in stage.reads] for stage in stages(config, 1)}
    return {**folds, STORE_GROUP: list(TOPICS)}


def lags(log: Log, reading: dict[str, list[str]], now: int) -> Iterator[dict[str, Any]]:
    """Yield a row a group, topic and partition; `now` in ms."""
    partitions = {info.name: info.partitions for info in log.topics()}
    for group, names in reading.items():
        for name in names:
            for partition in range(partitions.get(name, 0)):
                first, end = log.bounds(name, partition)
                committed = log.committed(group, name, partition)
                at = max(first, committed or 0)
                unread = next(iter(log.read(name, partition, at, end)), None)
                yield {
                    "group": group,
                    "topic": name,
                    "partition": partition,
                    "committed": committed,
                    "end": end,
                    "records_behind": max(0, end - at),
                    "seconds_behind": max(0, now - unread.timestamp) / 1000 if unread else 0.0,
                }


def _topic(info: TopicInfo, kept: dict[str, Topic], *, kafka: bool) -> dict[str, Any]:
    topic = kept.get(info.name)
    return {
        "topic": info.name,
        "partitions": info.partitions,
        "records": info.records,
        "size_bytes": info.size_bytes,
        "key": topic.key if topic else "",
        "retention_ms": topic.retention_ms if topic and not topic.compacted else None,
        "read_ms": (topic.read_ms or topic.retention_ms) if topic and not (kafka or topic.compacted) else None,
        "compacted": bool(topic and topic.compacted),
        "about": topic.about if topic else "",
    }


def _kept(row: dict[str, Any]) -> str:
    if row["compacted"]:
        return "last of key"
    if not row["retention_ms"]:
        return ""
    early = row["read_ms"] and row["read_ms"] < row["retention_ms"]
    return f"{row['retention_ms'] / HOUR_MS:g} h" + (f", {row['read_ms'] / HOUR_MS:g} h once read" if early else "")


def _asked(ask: Callable[[], Answer]) -> Answer:
    """Ask the log; what is wrong with it is one sentence."""
    try:
        return ask()
    except LogError as error:
        raise Failure(str(error)) from None
