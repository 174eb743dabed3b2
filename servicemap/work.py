"""Running the folds: the loop on one machine, a Faust worker on Kafka."""

from collections.abc import Callable, Sequence
from threading import Event

from log.connect import partitions_of
from log.protocol import GroupBusy, Log
from schemas.metrics import Collect
from schemas.topics import Topic
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.discards import Discards
from servicemap.exposing import exposed
from servicemap.options import Failure
from servicemap.part_samples import of_worker
from servicemap.parts import group_of, stages
from servicemap.process import stop_event, tune_memory
from streams.loop import Loop
from streams.stage import Stage


def run_loop(config: Config) -> None:
    """Drive the stages until a signal; what was logged by then is folded before it returns."""
    stop = stop_event()
    log = connect_log(config)
    partitions = partitions_of(log)
    folds = stages(config, partitions)
    try:
        readers = [log.reader([topic.name for topic in stage.reads], group_of(stage)) for stage in folds]
    except GroupBusy as error:
        raise Failure(str(error)) from None
    loop = Loop(log, list(zip(folds, readers, strict=True)))
    tune_memory()
    loop.rebuild(committed_in(log), partitions)
    with exposed(config, "work", _samples(config, folds)):
        loop.run(_stopped(stop, folds))
    for reader in readers:
        reader.close()
    log.close()


def run_faust(config: Config) -> None:
    """Run a Faust worker until a signal; several share the partitions."""
    from streams.app import WorkerFailed, run_worker

    stop = stop_event()
    log = connect_log(config)
    folds = stages(config, partitions_of(log))
    tune_memory()
    try:
        with exposed(config, "work", _samples(config, folds)):
            run_worker(config.log_settings, folds, log, group_of, committed_in(log), _stopped(stop, folds))
    except WorkerFailed as error:
        raise Failure(str(error)) from error
    log.close()


def _samples(config: Config, folds: Sequence[Stage]) -> Collect:
    return lambda: of_worker(config, folds, [group_of(stage) for stage in folds])


def _stopped(stop: Event, folds: Sequence[Stage]) -> Callable[[], bool]:
    """Return a function that returns whether to stop, and logs once a minute what was discarded."""
    discards = Discards(folds)

    def stopped() -> bool:
        discards.log(now=stop.is_set())
        return stop.is_set()

    return stopped


def committed_in(log: Log) -> Callable[[Stage, Topic, int], int | None]:
    """Return a function that returns where a stage goes on in a log."""
    return lambda stage, topic, partition: log.committed(group_of(stage), topic.name, partition)
