"""The embedded store as a process of its own, for a command that needs it while no `up` runs."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from servicemap.config import Config
from servicemap.options import Failure
from servicemap.parts import locate, store_directory
from sinks.embedded.folder import DISCARD
from sinks.store import Store, StoreError

START_SECONDS = 120.0  # for the store to answer: the supervisor may wait 15 s before it starts it again


@contextmanager
def store_alone(config: Config) -> Iterator[None]:
    """Run the store of a data directory, on any ports, until the end of the block."""
    folder = store_directory(config)
    command = ["-m", "sinks.embedded", "--data", str(folder), "--native-port", "0", "--http-port", "0"]
    process = subprocess.Popen(
        [sys.executable, *command, "--parent", str(os.getpid())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        await_store(config)
        yield
    finally:
        process.terminate()
        process.wait()


def await_store(config: Config) -> None:
    """Return when the store answers and has discarded what it was asked to; Failure when it does not."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with closing(Store(locate(config)._replace(database="default"))) as store:
                store.query("SELECT 1")
            if not (store_directory(config) / DISCARD).exists():
                return
        except StoreError as error:
            if time.monotonic() > deadline:
                raise Failure(f"the empty store does not start: {error}") from None
        time.sleep(0.2)
