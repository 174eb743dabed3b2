"""Read what is kept from the store and the log."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import NamedTuple

from graph.stored import Dropped
from log.protocol import Limits, Log, LogError, TopicInfo
from log.rows import pack, stored_bytes
from schemas import topics
from schemas.times import DAY_MS, HOUR_MS
from servicemap.browsing import existing_log
from servicemap.config import Config
from servicemap.extras import missing_for
from servicemap.options import Failure
from servicemap.parts import store_address
from servicemap.records import logged_times
from servicemap.retention.kept import Kept, projected
from servicemap.retention.resolutions import RESOLUTIONS, Resolution
from servicemap.room import budget_of, logged_here
from sinks.store import Store, StoreError
from sinks.table import Table

_LASTING = re.compile(r" TTL .*toInterval(?P<unit>Hour|Day|Week|Month|Year)\((?P<number>\d+)\)")
_UNITS = {"Hour": HOUR_MS, "Day": DAY_MS, "Week": 7 * DAY_MS, "Month": 30 * DAY_MS, "Year": 365 * DAY_MS}


AT_ONCE = 8  # topics that are asked for at once
SAMPLE = 50  # records


class Held(NamedTuple):
    """What a table takes, and how long it keeps its rows, ms; None for ever."""

    bytes: int
    limit_ms: int | None


def read_kept(config: Config) -> list[Kept]:
    """Return what is kept, as far as store and log answer."""
    found: list[Kept] = []
    try:
        if missing := missing_for("store" if config.store.url else "up"):
            raise Failure(missing)
        with closing(Store(store_address(config, write=not config.store.url))) as store:
            found += in_store(store)
    except (Failure, StoreError):
        pass  # its own check says so
    try:
        with closing(existing_log(config)) as log:
            found += in_log(config, log)
    except (Failure, LogError):
        pass
    return projected(found, budget_of(config), config.log.keep_hours * HOUR_MS)


def kept_by(config: Config, store: Store, log: Log) -> list[Kept]:
    """Return what is kept in a store and a log."""
    return projected([*in_store(store), *in_log(config, log)], budget_of(config), config.log.keep_hours * HOUR_MS)


def in_store(store: Store) -> Iterator[Kept]:
    """Yield the resolutions of a store that has its tables."""
    held = _held(store)
    for one in RESOLUTIONS:
        there = [table for table in one.tables if store.address.cluster.holder(table) in held]
        if there:
            yield _resolution(store, one, there, held)


def in_log(config: Config, log: Log) -> list[Kept]:
    """Return the topics of a log that the program has. Brokers take a while for each question: several go at once."""
    known = [info for info in log.topics() if info.name in topics.BY_NAME]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(partial(_topic, config, log), known))


def _topic(config: Config, log: Log, info: TopicInfo) -> Kept:
    topic, limits, times = topics.BY_NAME[info.name], _limits(config, log, info), logged_times(log, info.name)
    return Kept(
        what="log",
        name=info.name,
        answers="replays" if topic in topics.MAPPED else topic.about,
        since=times.first if times else None,
        until=times.last if times else None,
        limit_ms=limits.ms,
        limit_bytes=limits.bytes and limits.bytes * info.partitions,
        bytes=estimated(log, info) if info.size_bytes is None else info.size_bytes,
        gives=Dropped.LOG if limits.ms is not None and logged_here(config) else None,
    )


def estimated(log: Log, info: TopicInfo) -> int:
    """Return about how many bytes a topic has whose log does not say, by its newest records, each compressed alone."""
    sizes: list[int] = []
    for partition in range(info.partitions):
        first, end = log.bounds(info.name, partition)
        for record in log.read(info.name, partition, max(first, end - SAMPLE), end):
            sizes.append(stored_bytes(record.key, None, pack(record.value)[1]))
        if len(sizes) >= SAMPLE:
            break
    return info.records * sum(sizes) // len(sizes) if sizes else 0


def _resolution(store: Store, one: Resolution, tables: list[Table], held: dict[str, Held]) -> Kept:
    holders = [held[store.address.cluster.holder(table)] for table in tables]
    spans = [span for table in tables if table.kept and (span := _span(store, table, table.kept.by))]
    return Kept(
        what="store",
        name=one.name,
        answers=one.answers,
        since=min((since for since, _ in spans), default=None),
        until=max((until for _, until in spans), default=None),
        limit_ms=min((each.limit_ms for each in holders if each.limit_ms is not None), default=None),
        limit_bytes=None,
        bytes=sum(each.bytes for each in holders),
        gives=one.gives,
    )


def _span(store: Store, table: Table, by: str) -> tuple[int, int] | None:
    """Return the times of the oldest and the newest row, ms, which the store knows of its parts."""
    ((first, last),) = store.query(
        f"SELECT toUnixTimestamp64Milli(min({by})), toUnixTimestamp64Milli(max({by})) FROM {table.name}"
    )
    return (first, last) if last > 0 else None


def _held(store: Store) -> dict[str, Held]:
    """Return each table with its bytes on all servers, and how long it is kept, which operators may alter."""
    name, database = store.address.cluster.name, store.address.database
    parts = f"clusterAllReplicas(`{name}`, system.parts)" if name else "system.parts"
    tables = store.query(f"SELECT name, engine_full FROM system.tables WHERE database = '{database}'")
    sizes = dict(
        store.query(
            f"SELECT table, sum(bytes_on_disk) FROM {parts} WHERE active AND database = '{database}' GROUP BY table"
        )
    )
    return {table: Held(sizes.get(table, 0), lasting(engine)) for table, engine in tables}


def lasting(engine: str) -> int | None:
    """Return the time to live that an engine's declaration has, ms; None for none."""
    found = _LASTING.search(engine)
    return int(found["number"]) * _UNITS[found["unit"]] if found else None


def _limits(config: Config, log: Log, info: TopicInfo) -> Limits:
    """Return the limits of a topic, those that are declared where the log does not say."""
    try:
        return log.limits(info.name)
    except LogError:
        topic = next(topic for topic in config.log_settings.topics() if topic.name == info.name)
        return Limits(None, None) if topic.compacted else Limits(topic.retention_ms, topic.retention_bytes)
