"""Processes: what runs, as whom and where, what it used in the window, and how it ended."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from collectors.capabilities import needed
from collectors.exits import Exits, Gone
from collectors.facts_reader import FactsReader
from collectors.groups import Groups
from collectors.networks import Networks
from collectors.origins import Origin, origin
from collectors.process_events import Exit, ProcessEvents
from collectors.process_facts import Facts, Users
from collectors.process_table import ProcessTable, Stat, folder_of
from collectors.procfs import count_files
from collectors.registry import Sources, Turn, register
from collectors.run_delay import RunDelay
from collectors.settings import Settings
from collectors.traced import Started
from collectors.traced_processes import TracedProcesses
from collectors.tracing import Tracing
from collectors.unheld import PROCESSES as OTHERS
from collectors.visibility import hidden_by
from collectors.window import BASELINE, Window
from schemas import raw
from schemas.raw import ProcessBatch, Processes, Usage
from schemas.topics import PROCESSES

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
MOST_READ = 500  # processes read between windows because they executed a program, 20 us each
EXECUTABLES = "executables and namespaces of other users' processes"
ENDS = "exit codes, and what processes execute"
MOST_NAMED = 5
ENDS_LATER = 2  # windows: connections that nobody but the programs saw may be reported so much later
HANGING = "facts of processes that hang"


@dataclass(slots=True)
class Known:
    """A process as it was last read and reported."""

    stat: Stat
    facts: Facts
    cpu: int  # ticks reported so far
    origin: Origin | None = None  # as it was when the process was first reported
    news: bool = True  # its facts were not reported yet
    young: bool = True  # its facts are read again in the window after its first: daemons drop privileges late
    worked: int = -ENDS_LATER  # the window, counted, in which it was last reported to work on a socket
    over_ms: float = 0.0  # when it was first missed: its end is reported when all that it did has been


class ProcessCollector:
    """Reports new and changed processes, usage where it changed, and exits; all processes on a keyframe."""

    topic = PROCESSES

    def __init__(
        self,
        settings: Settings,
        table: ProcessTable,
        users: Users,
        clock: Callable[[], float] = time.time,
        networks: Networks | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._proc = settings.proc
        self._networks = networks
        self._table = table
        self._users = users
        self._clock = clock
        self._facts = FactsReader(settings.proc, settings.cmdline_bytes)
        self._traced = TracedProcesses(tracing, self._facts)
        self._events = ProcessEvents(settings.event_buffer_bytes)
        self._known: dict[int, Known] = {}
        self._young: set[int] = set()
        self._executed: dict[int, None] = {}
        self._windows = 0
        self._ended: dict[int, Exit] = {}
        self._overruns = 0
        self._hidden = ""
        self._headless: set[int] = set()
        self._replaced: list[tuple[Known, Exit | None]] = []
        self._booted_ms = 0.0
        self._exits = Exits(clock)
        self._groups = Groups(settings.proc)
        self._delays = RunDelay()

    def open(self, window: Window) -> None:
        """Subscribe to events, and take all processes as the baseline."""
        self._booted_ms = (self._clock() - time.clock_gettime(time.CLOCK_BOOTTIME)) * 1000
        self._events.open()
        self._groups.open()
        self._delays.open()
        self._traced.open()
        self._learn(self._table.look(BASELINE).values(), used=True)

    def drain(self) -> None:
        """Take events; read what a process executes while it still runs."""
        self._exits.note(self._groups.killed())
        for event in self._events.drain(self._headless):
            if isinstance(event, Exit):
                self._ended[event.pid] = event
                self._executed.pop(event.pid, None)
            else:
                self._executed[event.pid] = None
        self._follow()
        executed = list(self._executed)[:MOST_READ]
        for pid in executed:
            del self._executed[pid]
        if executed:
            self._learn([stat for pid in executed if (stat := self._table.read(pid))])
        self._keep_ended()

    def collect(self, window: Window) -> ProcessBatch:
        """Return new and changed processes, what each used, and those that ended."""
        if window.keyframe:
            self._users.reload()
            self._hidden = hidden_by(self._proc)
        living = self._table.look(window.start)
        self._headless |= self._table.headless
        self.drain()
        self._headless = self._table.headless
        silent = self._read_groups(living, anew=window.keyframe)
        rows, usage = [], []
        young, self._young = self._young, set()
        late = self._facts.late()
        looked = living.keys() if window.keyframe else young.union(self._table.changed, late) & living.keys()
        self._learn(
            [living[pid] for pid in looked if window.keyframe or pid in late or self._unread(living[pid])], ages=True
        )
        left = self._gone(living)
        gone = [
            Gone(known.stat.pid, known.stat.start, known.facts.cgroup, event, known.over_ms) for known, event in left
        ]
        self._groups.count(self._exits.kills(gone))
        for pid in looked:
            stat, known = living[pid], self._known.get(pid)
            if known is None or known.stat.start != stat.start:
                continue
            if window.keyframe or stat.cpu != known.cpu or stat[6:] != known.stat[6:] or known.news:
                usage.append(self._usage(known, stat))
                silent.pop(known.facts.cgroup, None)
            known.stat = stat
        usage += [self._usage(self._known[pid], living[pid]) for pid in silent.values() if pid in self._known]
        for (known, _), each in zip(left, gone, strict=True):
            if self._exits.is_killed(each):
                usage.append(self._usage(known, known.stat, ended=True))
            self._delays.forget(each.pid)
        for known in (*self._known.values(), *(known for known, _ in left)):
            if known.news or window.keyframe:
                rows.append(self._row(known))
                known.news = False
        if window.keyframe:
            self._facts.containers.keep({known.facts.container for known in self._known.values()})
        if self._networks is not None:
            self._networks.keep({known.facts.netns: pid for pid, known in self._known.items() if not known.over_ms})
        self._windows += 1
        return window.batch(
            ProcessBatch,
            processes=Processes.of(rows),
            usage=Usage.of(usage),
            exits=raw.Exits.of(self._exits.rows(gone)),
        )

    def missing(self) -> dict[str, str]:
        """Return what cannot be seen."""
        missing = {}
        if self._hidden:
            missing[OTHERS] = f"{self._hidden} hides them: CAP_SYS_PTRACE, or a remount with hidepid=0"
        if self._facts.denied:
            missing[EXECUTABLES] = needed("CAP_SYS_PTRACE")
        if stuck := self._facts.stuck():
            named = ", ".join(stuck[:MOST_NAMED]) + (f" and {len(stuck) - MOST_NAMED} more" * (len(stuck) > MOST_NAMED))
            missing[HANGING] = f"an answer from what they wait for: {named}"
        if self._facts.without_cgroups:
            missing["containers and units"] = "control groups (CONFIG_CGROUPS), shown in /proc/PID/cgroup"
        if not self._events.subscribed:
            missing[ENDS] = "the proc connector (run as root on the host itself)"
        return missing | self._facts.containers.missing() | self._groups.missing() | self._delays.missing()

    def counters(self) -> dict[str, int]:
        """Return what was lost of the events, how many reads of processes hung, and how many gave nothing of use."""
        return {
            "process_event_overruns": self._events.overruns,
            "process_reads_hung": self._facts.hung,
            "process_facts_skipped": self._facts.unread,
            "container_files_skipped": self._facts.containers.files.skipped,
            "rows_skipped_processes": self._table.skipped,
            **self._groups.counters(),
        }

    def close(self) -> None:
        """Unsubscribe, and let the helper end."""
        self._events.close()
        self._groups.close()
        self._delays.close()
        self._facts.close()

    def _read_groups(self, living: dict[int, Stat], *, anew: bool) -> dict[str, int]:
        """Read the control groups; return those of which a row is needed, each with a process.

        Busy are those in which a process has changed since the window before, has ended, runs, or waits for a disk.
        """
        changed = set(self._table.changed)
        ended = {self._known[pid].facts.cgroup for pid in self._known.keys() - living.keys()}
        groups: dict[str, int] = {}
        busy = set()
        for pid, stat in living.items():
            known = self._known.get(pid)
            if known is None or known.stat.start != stat.start:
                continue
            group = known.facts.cgroup
            groups.setdefault(group, pid)
            if pid in changed or stat.state in "RD" or group in ended:
                busy.add(group)
        self._groups.read(busy, groups.keys() - busy if anew else (), anew=anew)
        self._groups.forget(groups.keys())
        return {group: groups[group] for group in self._groups.noteworthy()}

    def _unread(self, stat: Stat) -> bool:
        known = self._known.get(stat.pid)
        return known is None or known.young or self._stale(known, stat)

    @staticmethod
    def _stale(known: Known, stat: Stat) -> bool:
        held = known.stat
        return held.start != stat.start or held.comm != stat.comm or held.parent != stat.parent

    def _learn(self, stats: Iterable[Stat], *, used: bool = False, ages: bool = False) -> None:
        """Read what processes are; what is new in it will be reported.

        `used`: what they used so far is of before this run; `ages`: those reported before are young no longer.
        """
        stats = list(stats)
        found = self._facts.read(stats, self._facts_of)
        for stat in stats:
            facts = found.get(stat.pid)
            if facts is not None:
                self._take(stat, facts, cpu=stat.cpu if used else 0, ages=ages)

    def _facts_of(self, stat: Stat) -> Facts | None:
        known = self._known.get(stat.pid)
        return known.facts if known is not None and known.stat.start == stat.start else None

    def _take(self, stat: Stat, facts: Facts, *, cpu: int, ages: bool) -> None:
        pid = stat.pid
        if self._networks is not None:
            self._networks.note(facts.netns, pid)
        known = self._known.get(pid)
        if known is not None and known.stat.start == stat.start:
            aged = ages and not known.news
            known.news = known.news or facts != known.facts or self._stale(known, stat)
            known.young = known.young and not aged
            if known.young:
                self._young.add(pid)
            known.facts, known.stat = facts, known.stat._replace(comm=stat.comm, parent=stat.parent)
            return
        if known is not None:
            self._replaced.append((known, self._ended.pop(pid, None)))
        self._known[pid] = Known(stat, facts, cpu)
        self._young.add(pid)

    def _gone(self, living: dict[int, Stat]) -> list[tuple[Known, Exit | None]]:
        """Take out the processes that ended; one that started after the look at all of them has not."""
        ended = [
            known
            for pid, known in self._known.items()
            if pid not in living and self._table.start_of(pid) != known.stat.start
        ]
        self._follow()  # to all that they did
        self._keep_ended()
        gone, self._replaced = self._replaced, []
        for known in ended:
            pid, known.over_ms = known.stat.pid, known.over_ms or self._clock() * 1000
            if self._windows - known.worked >= ENDS_LATER and self._known.get(pid) is known:
                gone.append((self._known.pop(pid), self._ended.get(pid)))
        lost, self._overruns = self._events.overruns > self._overruns, self._events.overruns
        living_on = living if lost else ()  # a thread of theirs ended, and of the last one nothing may be known
        self._ended = {pid: event for pid, event in self._ended.items() if pid in self._known and pid not in living_on}
        return gone

    def _follow(self) -> None:
        """Find out which processes the programs reported; those that still run are to be read."""
        for one in self._traced.look():
            if self._runs(one):
                self._executed[one.pid] = None

    def _keep_ended(self) -> None:
        """Learn what the programs reported of processes that ended before they were read, and note which did work."""
        reported, workers = self._traced.take()
        for one in reported:
            stat, facts = self._traced.describe(one, self._started_by(one.parent))
            known = self._known.get(one.pid)
            if known is not None and known.stat.start > one.start:
                self._replaced.append((Known(stat, facts, 0), None))
            elif self._unlike(known, stat, facts):
                self._take(stat, facts, cpu=0, ages=False)
        for pid, start in workers:
            known = self._known.get(pid)
            if known is not None and known.stat.start == start:
                known.worked = self._windows

    def _unlike(self, known: Known | None, stat: Stat, facts: Facts) -> bool:
        """Return whether a process was not read in time, or executed another program since and ended."""
        if known is None or known.stat.start != stat.start:
            return True
        if known.facts.cmdline == facts.cmdline:
            return False
        return not known.facts.cmdline or self._table.start_of(stat.pid) != stat.start

    def _runs(self, one: Started) -> bool:
        return self._table.start_of(one.pid) == one.start

    def _usage(self, known: Known, stat: Stat, *, ended: bool = False) -> tuple[str | int, ...]:
        """Return the row of a process; one that has `ended` has nothing open, and its pid may be another's."""
        used = max(stat.cpu - known.cpu, 0)
        known.cpu = stat.cpu
        return (
            stat.pid,
            stat.start,
            round(used * TICK_MS),
            stat.rss * PAGE,
            0 if ended else count_files(folder_of(self._proc, stat)),
            stat.threads,
            0 if ended else round(self._delays.of(stat.pid, stat.start) / 1e6),
            *self._groups.held(known.facts.cgroup),
        )

    def _row(self, known: Known) -> tuple[object, ...]:
        stat, facts, contained = known.stat, known.facts, known.facts.contained
        started = round(self._booted_ms + stat.start * TICK_MS)
        user = self._users.name(facts.uid)
        head = (stat.pid, stat.start, started, stat.parent, facts.uid, user, stat.comm, facts.exe, facts.cmdline)
        if known.origin is None:
            known.origin = origin(stat, facts, self._started_by)
        return (
            *head,
            facts.cgroup,
            facts.container,
            facts.unit,
            facts.netns,
            facts.cwd,
            contained.name,
            *known.origin,
            *(contained.runtime_name, contained.namespace, contained.pod, contained.image),
        )

    def _started_by(self, pid: int) -> tuple[Stat, Facts] | None:
        known = self._known.get(pid)
        return (known.stat, known.facts) if known else None


@register(Turn.PROCESSES)
def collector(sources: Sources) -> ProcessCollector:
    """Return the collector of processes."""
    return ProcessCollector(
        sources.settings, sources.table, Users(), sources.clock, sources.networks, tracing=sources.tracing
    )
