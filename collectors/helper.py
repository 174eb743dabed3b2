"""A thread for reads that may never return.

Who reads the command line of a process waits for the lock of its memory, and a process can keep that lock for ever: one
thread waits for a file system that does not answer, another one in mprotect(2) behind it, and every reader behind both
(fs/proc/base.c, get_mm_cmdline). Such a read cannot be called back, it ends with the process that reads. So it is done
in a thread that may be lost, many reads in one go, for a hand-over costs as much as ten of them.
"""

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue

PATIENCE_S = 0.5
LOOKS = 10  # in that time: where the host is so busy, or was paused, that we look late, the thread had no turn either
Job = Callable[[], None]


class Batch:
    """Jobs that are done in order, and how far that has come."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._left = False
        self.done = 0
        self.finished = threading.Event()
        self.error: Exception | None = None

    def work(self) -> None:
        """Do the jobs, for as long as somebody waits for them."""
        try:
            for job in self._jobs:
                if self._left:
                    break
                job()
                self.done += 1
        except Exception as error:
            self.error = error
        self.finished.set()

    def leave(self) -> None:
        """Wait no longer: no further job is begun."""
        self._left = True


class Stuck:
    """The job that hangs: its number, and whether it has come back since."""

    def __init__(self, number: int, batch: Batch) -> None:
        self.number = number
        self._batch = batch

    @property
    def over(self) -> bool:
        """Return whether the job has come back."""
        return self._batch.finished.is_set()


class Helper:
    """One thread that works, started when there is work and replaced when it is lost."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._queue: SimpleQueue[Batch | None] | None = None

    def run(self, jobs: Sequence[Job]) -> Stuck | None:
        """Do jobs in order; return None when all are done, else the one that hangs: those after it are not done."""
        if self._queue is None:
            self._queue = SimpleQueue()
            threading.Thread(target=_serve, args=(self._queue,), name="reads", daemon=True).start()
        batch = Batch(jobs)
        self._queue.put(batch)
        before = looks = 0
        while not batch.finished.wait(self._patience_s / LOOKS):
            looks = looks + 1 if batch.done == before else 0
            before = batch.done
            if looks == LOOKS:
                batch.leave()
                self.close()
                return Stuck(before, batch)
        if batch.error is not None:
            raise batch.error
        return None

    def close(self) -> None:
        """Let the thread end, at once or when it comes back."""
        if self._queue is not None:
            self._queue.put(None)
            self._queue = None


def _serve(queue: "SimpleQueue[Batch | None]") -> None:
    while (batch := queue.get()) is not None:
        batch.work()
