"""Which log a configuration means. Apart from the other parts: the agent needs no fold and no store in its memory."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from schemas import topics
from schemas.private import Unsafe, private_folder
from schemas.topics import HOUR_MS, Topic
from servicemap.config import Config
from servicemap.log.damage import set_aside
from servicemap.log.open import open_log
from servicemap.log.protocol import Log, LogDamaged, LogError
from servicemap.options import Failure


def declared(config: Config) -> Iterable[Topic]:
    """Return the topics with the partitions and retention that the configuration asks for."""
    for topic in topics.ALL:
        asked = replace(topic, partitions=config.partitions)
        yield replace(asked, retention_ms=config.log.keep_hours * HOUR_MS) if config.log.keep_hours else asked


def connect_log(config: Config, *, create: bool = True) -> Log:
    """Open the log, and make its topics; Failure says what to do if that cannot be."""
    try:
        if create and not config.log.url:
            private_folder(config.directory)
        log = _opened(config) if create else open_log(config.log_url)
    except Unsafe as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"cannot write to {config.directory} ({error.strerror}): give a directory with --data") from None
    except LogError as error:
        raise Failure(str(error)) from None
    return log


def _opened(config: Config) -> Log:
    """Open the log and make its topics, in a new one if the old one is damaged."""
    for last in (False, True):
        try:
            return _made(config)
        except LogDamaged:
            if last:
                raise
            set_aside(local_path(config))
    raise AssertionError


def _made(config: Config) -> Log:
    log = open_log(config.log_url)
    try:
        log.create(declared(config))
    except BaseException:
        log.close()
        raise
    return log


def local_path(config: Config) -> Path:
    """Return where a local log is."""
    return Path(config.log_url.removeprefix("sqlite://")).expanduser()


def partitions_of(log: Log) -> int:
    """Return how many partitions the topics that are read together really have."""
    found = {
        info.partitions for info in log.topics() if info.name in {topics.SIDES.name, *(t.name for t in topics.RAW)}
    }
    if len(found) != 1:
        raise Failure(f"the raw topics have {sorted(found)} partitions: make them equal, or start with an empty log")
    return found.pop()
