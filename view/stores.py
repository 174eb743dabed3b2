"""The store for an event loop: blocking calls in a few threads, each with its own connection."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sinks.store import Store, StoreError

THREADS = 4

Answer = TypeVar("Answer")


class Stores:
    """Connections to one store. `connect` is called again after a broken one: the store may be elsewhere by then."""

    def __init__(self, connect: Callable[[], Store]) -> None:
        self._connect = connect
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")
        self._mine = threading.local()
        self._all: set[Store] = set()

    async def ask(self, work: Callable[[Store], Answer]) -> Answer:
        """Run work on a store in a thread; StoreError when ClickHouse refuses or does not answer."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, work)

    def close(self) -> None:
        """Abort running queries and close all connections."""
        for store in list(self._all):
            store.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self, work: Callable[[Store], Answer]) -> Answer:
        store: Store | None = getattr(self._mine, "store", None)
        if store is None:
            store = self._mine.store = self._connect()
            self._all.add(store)
        try:
            return work(store)
        except StoreError as error:
            if not error.code:
                self._all.discard(store)
                store.close()
                del self._mine.store
            raise
