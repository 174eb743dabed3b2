"""What the programs report of processes, for those that have ended before they could be read.

The command line, the name and the user are as they were. The executable's path and the working directory are not known.
"""

from collectors.cgroup_paths import CgroupPaths
from collectors.facts_reader import FactsReader
from collectors.process_facts import Facts
from collectors.process_table import Stat
from collectors.traced import Process, Started
from collectors.tracing import Tracing
from schemas.text import to_text


class TracedProcesses:
    """Processes that work on sockets."""

    def __init__(self, tracing: Tracing | None, facts: FactsReader) -> None:
        self._tracing = tracing
        self._facts = facts
        self._paths = CgroupPaths()
        self._started: list[Started] = []

    def open(self) -> None:
        """Run the programs."""
        if self._tracing is not None:
            self._tracing.open()

    def look(self) -> list[Started]:
        """Return what was reported since the last call; `take` returns it once more."""
        if self._tracing is None:
            return []
        self._tracing.drain()
        started = self._tracing.take_started()
        self._started += started
        return started

    def take(self) -> tuple[list[Started], set[Process]]:
        """Return the processes of all looks since the last call, and those that worked on a socket."""
        started, self._started = self._started, []
        return started, self._tracing.take_workers() if self._tracing is not None else set()

    def describe(self, one: Started, parent: tuple[Stat, Facts] | None) -> tuple[Stat, Facts]:
        """Return what a process was, given what is known of its parent."""
        stat = Stat(one.pid, to_text(one.comm), "", one.parent, False, 0, 1, one.start, 0)
        if parent is not None and one.together and parent[0].start <= one.start:
            cgroup = parent[1].cgroup
        else:
            cgroup = self._paths.of(one.cgroup)
        return stat, self._facts.ended(stat, one.uid, one.netns, cgroup, one.arguments)
