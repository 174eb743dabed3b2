"""A log and a store of a command's own, which nothing is collected into."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from msgspec import structs

from log.settings import LogSettings
from servicemap.config import Config


@contextmanager
def own_place(config: Config, *, keep: bool) -> Iterator[Config]:
    """Give the configuration of what is in the data directory, or else in a temporary one that is gone at the end."""
    own = structs.replace(config, log=LogSettings(), store=structs.replace(config.store, url=""))
    if keep:
        yield own
        return
    signal.signal(signal.SIGTERM, _terminated)
    with tempfile.TemporaryDirectory(prefix="servicemap-") as folder:
        yield structs.replace(own, data=folder)


def _terminated(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)
