"""The parts put together: which stages and which store a configuration means. The log is for log/connect.py."""

import json
from pathlib import Path

from servicemap.config import Config
from servicemap.options import Failure
from sinks.store import Address
from streams.stage import AttributeStage, PairStage, Stage

WRITER = "servicemap"
VIEW = "view.json"  # in the data directory: where the live view of a running `up` is


def group_of(stage: Stage) -> str:
    """Return the consumer group of a stage."""
    return f"servicemap-{stage.name}"


def stages(config: Config, partitions: int) -> list[Stage]:
    """Return the folds in the order of the data."""
    return [AttributeStage(config.services.rules, partitions), PairStage()]


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
