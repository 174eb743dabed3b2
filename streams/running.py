"""The running processes of one host, and their descent."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from schemas.raw import ProcessBatch
from streams.process import Holder, Process


class Running:
    """The processes that run on one host. `make` turns facts into a process."""

    def __init__(self, make: Callable[[dict[str, Any]], Process]) -> None:
        self._make = make
        self._all: dict[Holder, Process] = {}
        self._by_pid: dict[int, Process] = {}

    def __iter__(self) -> Iterator[Process]:
        return iter(self._all.values())

    def __len__(self) -> int:
        return len(self._all)

    def get(self, holder: Holder) -> Process | None:
        """Return a process, if it is known."""
        return self._all.get(holder)

    def take(self, batches: list[ProcessBatch], *, restated: bool) -> tuple[list[Process], set[Process]]:
        """Take the processes that a window reports; return them, and those whose name changed."""
        if restated:
            stating = [columns for batch in batches for columns in (batch.processes, batch.exits)]
            stated = {key for columns in stating for key in zip(columns.pid, columns.start, strict=True)}
            self._all = {key: process for key, process in self._all.items() if key in stated}
        reported = []
        renamed = set()
        for batch in batches:
            for row in batch.processes.rows():
                facts = dict(zip(batch.processes.__struct_fields__, row, strict=True))
                known = self._all.get((facts["pid"], facts["start"]))
                if known is None:
                    known = self._all[facts["pid"], facts["start"]] = self._make(facts)
                elif known.facts != facts:
                    self._rename(known, facts)
                    renamed.add(known)
                reported.append(known)
        if batches:
            ordered = sorted(self._all.items(), key=lambda item: item[0][1])
            self._by_pid = {pid: process for (pid, _), process in ordered}
        return reported, renamed

    def forget(self, batches: Iterable[ProcessBatch]) -> bool:
        """Drop the processes that exited; return whether there were any."""
        gone = [key for batch in batches for key in zip(batch.exits.pid, batch.exits.start, strict=True)]
        for key in gone:
            self._all.pop(key, None)
        return bool(gone)

    def eldest(self, processes: Iterable[Process]) -> Process | None:
        """Return the process that all others of them descend from; None if there is none."""
        known = list(processes)
        for candidate in known:
            if all(other is candidate or self.descends(other, candidate) for other in known):
                return candidate
        return None

    def descends(self, process: Process, ancestor: Process) -> bool:
        """Return whether a process was started by another one, or by one that it started."""
        seen: set[int] = set()
        while process is not ancestor and process.parent not in seen and process.parent in self._by_pid:
            seen.add(process.parent)
            parent = self._by_pid[process.parent]
            if parent.facts["start"] > process.facts["start"]:
                return False  # the parent is gone, and another process has its pid
            process = parent
        return process is ancestor

    def _rename(self, known: Process, facts: dict[str, Any]) -> None:
        made = self._make(facts)
        for name in made.__struct_fields__:  # in place: connections point to it
            setattr(known, name, getattr(made, name))
