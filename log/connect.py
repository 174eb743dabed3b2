"""From settings to a log that is ready: its topics exist, and a damaged file is replaced."""

from log.damage import set_aside
from log.open import open_log
from log.protocol import Log, LogDamaged, LogUnusable
from log.settings import LogSettings
from schemas import topics


def connect(settings: LogSettings, *, create: bool = True) -> Log:
    """Open the log that `settings.url` names and create its topics; LogError states the remedy if that fails.

    A damaged local log is set aside once, and a new one takes its place.
    """
    if not create:
        return open_log(settings)
    try:
        return _with_topics(settings)
    except LogDamaged:
        set_aside(settings.path)
        return _with_topics(settings)


def _with_topics(settings: LogSettings) -> Log:
    log = open_log(settings)
    try:
        log.create(settings.topics())
    except BaseException:
        log.close()
        raise
    return log


def partitions_of(log: Log) -> int:
    """Return how many partitions the topics that are read together have."""
    together = {topics.SIDES.name, *(topic.name for topic in topics.RAW)}
    found = {info.partitions for info in log.topics() if info.name in together}
    if len(found) != 1:
        raise LogUnusable(
            f"the raw topics have {sorted(found)} partitions: make them equal, or start with an empty log"
        )
    return found.pop()
