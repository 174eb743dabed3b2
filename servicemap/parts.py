"""The parts put together: which log, which stages, which store a configuration means."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from schemas import topics
from schemas.topics import HOUR_MS, Topic
from servicemap.config import Config
from servicemap.log.open import open_log
from servicemap.log.protocol import Log, LogError
from servicemap.options import Failure
from sinks.store import Address
from streams.stage import AttributeStage, PairStage, Stage

WRITER = "servicemap"


def declared(config: Config) -> Iterable[Topic]:
    """Return the topics with the partitions and retention that the configuration asks for."""
    for topic in topics.ALL:
        asked = replace(topic, partitions=config.partitions)
        yield replace(asked, retention_ms=config.log.keep_hours * HOUR_MS) if config.log.keep_hours else asked


def connect_log(config: Config, *, create: bool = True) -> Log:
    """Open the log, and make its topics; Failure says what to do if that cannot be."""
    try:
        if not config.log.url:
            config.directory.mkdir(parents=True, exist_ok=True)
        log = open_log(config.log_url)
        if create:
            log.create(declared(config))
    except OSError as error:
        raise Failure(f"cannot write to {config.directory} ({error.strerror}): give a directory with --data") from None
    except LogError as error:
        raise Failure(str(error)) from None
    return log


def group_of(stage: Stage) -> str:
    """Return the consumer group of a stage."""
    return f"servicemap-{stage.name}"


def stages(config: Config, partitions: int) -> list[Stage]:
    """Return the folds in the order of the data."""
    return [AttributeStage(config.services.rules, partitions), PairStage()]


def partitions_of(log: Log) -> int:
    """Return how many partitions the topics that are read together really have."""
    found = {
        info.partitions for info in log.topics() if info.name in {topics.SIDES.name, *(t.name for t in topics.RAW)}
    }
    if len(found) != 1:
        raise Failure(f"the raw topics have {sorted(found)} partitions: make them equal, or start with an empty log")
    return found.pop()


def store_directory(config: Config) -> Path:
    """Return the folder of the embedded store."""
    return config.directory / "store"


def store_address(config: Config, *, write: bool) -> Address:
    """Return where the store is, as the writer or as a reader; Failure when none is known."""
    if config.store.url:
        try:
            return Address.parse(config.store.url)
        except ValueError as error:
            raise Failure(str(error)) from None
    folder = store_directory(config)
    try:
        facts = json.loads((folder / "store.json").read_text())
    except (OSError, ValueError):
        raise Failure(
            f"no store is running in {config.directory}: start `servicemap up`, or name one with --store"
        ) from None
    user = WRITER if write else "default"
    token = folder / "store.token" if write else None
    return Address(facts["host"], int(facts["native_port"]), user, "", "servicemap", token)
