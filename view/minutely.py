"""What is read from the store once a minute for all readers."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Concatenate, Generic, ParamSpec, TypeVar

from schemas.times import MINUTE_MS
from sinks.store import Store

Of = ParamSpec("Of")
Value = TypeVar("Value")


class Minutely(Generic[Of, Value]):
    """The answers of one query, by minute and arguments; the last `most` are kept. Safe for several threads.

    A query runs without the lock: only readers of the same answer wait for it.
    """

    def __init__(self, read: Callable[Concatenate[Store, int, Of], Value], most: int) -> None:
        self._read = read
        self._most = most
        self._answers: dict[object, Future[Value]] = {}
        self._lock = threading.Lock()

    def at(self, store: Store, time: int, *of: Of.args, **named: Of.kwargs) -> Value:
        """Return the answer for the start of the minute of a time, ms."""
        minute = time // MINUTE_MS * MINUTE_MS
        asked = minute, of, tuple(named.items())
        with self._lock:
            answer = self._answers.get(asked)
            reads = answer is None
            if answer is None:
                while len(self._answers) >= self._most:
                    del self._answers[next(iter(self._answers))]
                answer = self._answers[asked] = Future()
        if reads:
            try:
                answer.set_result(self._read(store, minute, *of, **named))
            except BaseException as error:
                answer.set_exception(error)
                with self._lock:  # the next reader tries again
                    if self._answers.get(asked) is answer:
                        del self._answers[asked]
        return answer.result()
