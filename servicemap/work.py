"""Running the folds: the loop on one machine, a Faust worker on Kafka."""

from schemas.topics import Topic
from servicemap.config import Config
from servicemap.log.protocol import GroupBusy, LogUnavailable, RecordTooLarge
from servicemap.options import Failure
from servicemap.parts import connect_log, group_of, partitions_of, stages
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
    loop = Loop(log, list(zip(folds, readers, strict=True)), LogUnavailable, RecordTooLarge)

    def committed(stage: Stage, topic: Topic, partition: int) -> int | None:
        return log.committed(group_of(stage), topic.name, partition)

    tune_memory()
    loop.rebuild(log, committed, partitions)
    loop.run(stop.is_set)
    for reader in readers:
        reader.close()
    log.close()


def run_faust(config: Config) -> None:
    """Run a Faust worker until a signal."""
    from streams.app import run_worker

    log = connect_log(config)
    partitions = partitions_of(log)
    run_worker(config.log.url, stages(config, partitions), log, group_of)
