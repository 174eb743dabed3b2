"""Samples of what the folds, the sink, the view and the supervisor count, for their metrics."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing

from log.protocol import LogError
from schemas import metrics
from schemas.metrics import Sample, counted
from servicemap.browsing import existing_log, groups, lags
from servicemap.config import Config
from servicemap.metering import Meter
from servicemap.options import Failure
from servicemap.supervisor import Supervisor
from sinks.rollup import Rollup
from sinks.sink import Sink
from sinks.store import Store
from streams.stage import Stage

_log = logging.getLogger(__name__)


def of_worker(config: Config, stages: Sequence[Stage], names: Iterable[str]) -> Iterator[Sample]:
    """Yield what the folds count, and how far their groups, of these names, are behind."""
    for stage in stages:
        yield from counted(metrics.STAGE_COUNTERS, dict(stage.counters), stage.name)
    yield from of_groups(config, names)


def of_sink(config: Config, sink: Sink, store: Store, rollup: Rollup, meter: Meter, group: str) -> Iterator[Sample]:
    """Yield what the sink counts, and how late the newest rows are."""
    yield from counted(metrics.SINK_COUNTERS, dict(sink.counters))
    yield Sample(metrics.SINK_HELD, sink.rows)
    yield Sample(metrics.STORE_RETRIES, store.retries)
    yield Sample(metrics.ROLLUPS_SKIPPED, rollup.counters["skipped"])
    for of, seconds in meter.delays().items():
        yield Sample(metrics.DELAY, seconds, (of,))
    yield from of_groups(config, [group])


def of_groups(config: Config, names: Iterable[str]) -> Iterator[Sample]:
    """Yield how far groups are behind, by topic; nothing while the log does not answer."""
    wanted = {group: topics for group, topics in groups(config).items() if group in set(names)}
    records: dict[tuple[str, str], int] = {}
    seconds: dict[tuple[str, str], float] = {}
    try:
        with closing(existing_log(config)) as log:
            for row in lags(log, wanted, int(time.time() * 1000)):
                key = (row["group"], row["topic"])
                records[key] = records.get(key, 0) + row["records_behind"]
                seconds[key] = max(seconds.get(key, 0.0), row["seconds_behind"])
    except (Failure, LogError) as error:
        _log.debug("how far groups are behind is not known: %s", error)
        return
    for key, behind in records.items():
        yield Sample(metrics.LOG_LAG, behind, key)
        yield Sample(metrics.LOG_LAG_SECONDS, seconds[key], key)


def of_view(answers: Mapping[int, int]) -> Iterator[Sample]:
    """Yield the answers of the live view by their status."""
    for code, count in sorted(dict(answers).items()):
        yield Sample(metrics.VIEW_ANSWERS, count, (str(code),))


def of_up(supervisor: Supervisor) -> Iterator[Sample]:
    """Yield which parts run, and how often they ended by themselves."""
    for child in supervisor.children:
        yield Sample(metrics.PART_UP, supervisor.running(child.part.name), (child.part.name,))
        yield Sample(metrics.PART_EXITS, child.ended, (child.part.name,))
