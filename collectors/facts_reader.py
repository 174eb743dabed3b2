"""Reading what processes are, however long one of them keeps its readers waiting.

Every read may hang: that of the command line for as long as the process keeps its memory locked, that of the cgroup
while somebody holds the kernel's lock of all cgroups. So all are made by a helper. What hangs is not read again until
it comes back; the rest of the process is reported, with what was known of it before.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from collectors.cgroups import container_of, parse_cgroup, unit_of
from collectors.container_files import UNNAMED, Contained
from collectors.containers import Containers
from collectors.helper import Helper, Stuck
from collectors.process_facts import FIRST_READ, Facts, cmdline_read, parse_cmdline, parse_uid
from collectors.process_table import Stat, folder_of
from collectors.procfs import link, read_file
from schemas.text import to_text

MOST_STUCK = 16  # reads of one kind that may hang at a time: each is a thread, and counts as one of the host's load
MOST_STUCK_OF_USER = 4  # nobody's processes keep those of others from being read
MOST_WAITS = 2  # in one go; what is left is read in the next window


@dataclass(slots=True)
class Draft:
    """What was read of a process so far."""

    stat: Stat
    step: int = 0
    uid: int | None = None
    cgroup: str = ""
    exe: str = ""
    netns: int = 0
    cwd: str = ""
    contained: Contained = UNNAMED
    cmdline: list[str] | None = None
    unread: tuple[str, ...] = ()


class Hanging(NamedTuple):
    """A read that hangs."""

    pid: int
    start: int
    exe: str
    uid: int | None
    step: str
    stuck: Stuck


class FactsReader:
    """Reads facts. `cmdline_bytes` bounds a command line, before and after redaction."""

    def __init__(self, proc: str, cmdline_bytes: int, helper: Helper | None = None) -> None:
        self._proc = proc
        self._cmdline_bytes = cmdline_bytes
        self._helper = helper or Helper()
        self.containers = Containers(proc)
        self._hanging: list[Hanging] = []
        self._steps: tuple[tuple[str, Callable[[Draft, str], None]], ...] = (
            ("status", self._status),
            ("cgroup", self._cgroup),
            ("exe", self._exe),
            ("netns", self._netns),
            ("cwd", self._cwd),
            ("container", self._container),
            ("cmdline", self._cmdline),
        )
        self._names = [name for name, _ in self._steps]
        self.denied = False
        """Whether the executable or namespace of a process could not be read."""
        self.without_cgroups = read_file(f"{proc}/self/cgroup") is None
        """Whether the kernel shows no control groups."""
        self.hung = 0
        """Reads that hung since the start."""
        self.unread = 0
        """Facts that were not as they should be, and are left out, since the start."""
        self._late: set[int] = set()

    def late(self) -> set[int]:
        """Return the processes to read again: a read of theirs came back, or their turn did not come."""
        over = [one for one in self._hanging if one.stuck.over]
        self._hanging = [one for one in self._hanging if one not in over]
        late, self._late = self._late.union(one.pid for one in over), set()
        return late

    def read(self, stats: Iterable[Stat], known: Callable[[Stat], Facts | None]) -> dict[int, Facts]:
        """Return the facts of those processes that are still there; what hangs is as it was `known`, or empty."""
        return {
            draft.stat.pid: _facts(draft, known(draft.stat))
            for draft in self._filled([Draft(stat) for stat in stats])
            if draft.step == len(self._steps) and (draft.uid is not None or "status" in draft.unread)
        }

    def ended(self, stat: Stat, uid: int, netns: int, cgroup: str, cmdline: bytes) -> Facts:
        """Return the facts of a process that is not there any more, of which this much is known."""
        draft = Draft(stat, step=self._names.index("container"), uid=uid, netns=netns, cgroup=cgroup)
        if container_of(cgroup):
            (draft,) = self._filled([draft])
        draft.cmdline = parse_cmdline(cmdline, self._cmdline_bytes)
        return _facts(draft, None)

    def stuck(self) -> list[str]:
        """Return which reads hang, for people."""
        return [f"{one.step} of {one.pid} ({one.exe or '?'})" for one in self._hanging if not one.stuck.over]

    def close(self) -> None:
        """Let the helper end."""
        self._helper.close()

    def _filled(self, drafts: list[Draft]) -> list[Draft]:
        begun, waits = 0, 0
        while begun < len(drafts):
            rest = drafts[begun:]
            stuck = self._helper.run([partial(self._fill, draft) for draft in rest])
            if stuck is None:
                break
            begun += stuck.number
            draft = drafts[begun]
            drafts[begun] = self._give_up(draft, stuck)
            waits += 1
            if waits == MOST_WAITS:
                self._late.update(draft.stat.pid for draft in drafts[begun:])
                break
        return drafts

    def _give_up(self, draft: Draft, stuck: Stuck) -> Draft:
        """Leave a draft to the thread that hangs in it, and return one to go on with."""
        step = draft.step
        name = self._names[step]
        self.hung += 1
        self._hanging.append(Hanging(draft.stat.pid, draft.stat.start, draft.exe, draft.uid, name, stuck))
        return replace(draft, step=step + 1, unread=(*draft.unread, name))

    def _fill(self, draft: Draft) -> None:
        folder = folder_of(self._proc, draft.stat)
        while draft.step < len(self._steps):
            name, read = self._steps[draft.step]
            if self._hanging and self._hangs(draft, name):
                draft.unread = (*draft.unread, name)
            else:
                try:
                    read(draft, folder)
                except Exception:  # costs this fact of this process alone
                    self.unread += 1
                    draft.unread = (*draft.unread, name)
            draft.step += 1

    def _hangs(self, draft: Draft, step: str) -> bool:
        """Return whether a read would hang, or is one too many that might. A process may run another program by now."""
        pid, start, exe = draft.stat.pid, draft.stat.start, draft.exe
        alike = [one for one in self._hanging if one.step == step]
        of_user = sum(one.uid == draft.uid for one in alike)
        if len(alike) >= MOST_STUCK or of_user >= MOST_STUCK_OF_USER:
            return True
        return any((one.pid, one.start, one.exe) == (pid, start, exe) for one in alike)

    def _status(self, draft: Draft, folder: str) -> None:
        status = read_file(f"{self._proc}/{draft.stat.pid}/status")
        draft.uid = None if status is None else parse_uid(status)

    def _cgroup(self, draft: Draft, folder: str) -> None:
        raw = read_file(f"{folder}/cgroup")
        draft.cgroup = parse_cgroup(raw) if raw else ""

    def _exe(self, draft: Draft, folder: str) -> None:
        draft.exe = to_text(self._link(f"{folder}/exe"))

    def _netns(self, draft: Draft, folder: str) -> None:
        target = self._link(f"{folder}/ns/net")  # net:[4026531840]
        draft.netns = int(target[5:-1]) if target else 0

    def _cwd(self, draft: Draft, folder: str) -> None:
        draft.cwd = to_text(self._link(f"{folder}/cwd"))

    def _container(self, draft: Draft, folder: str) -> None:
        container = container_of(draft.cgroup)
        draft.contained = self.containers.find(container, draft.cgroup) if container else UNNAMED

    def _cmdline(self, draft: Draft, folder: str) -> None:
        raw = read_file(f"{folder}/cmdline", FIRST_READ) or b""
        if len(raw) >= FIRST_READ:
            raw = read_file(f"{folder}/cmdline", cmdline_read(self._cmdline_bytes)) or b""
        draft.cmdline = parse_cmdline(raw, self._cmdline_bytes)

    def _link(self, path: str) -> bytes:
        try:
            return link(path)
        except PermissionError:
            self.denied = True
        except OSError:
            pass
        return b""


def _facts(draft: Draft, known: Facts | None) -> Facts:
    cgroup = draft.cgroup
    facts = Facts(
        uid=-1 if draft.uid is None else draft.uid,
        exe=draft.exe,
        cmdline=draft.cmdline or [],
        cgroup=cgroup,
        container=container_of(cgroup),
        unit=unit_of(cgroup),
        netns=draft.netns,
        cwd=draft.cwd,
        contained=draft.contained,
    )
    if known is not None and known.cwd and (known.exe, known.cmdline) == (facts.exe, facts.cmdline):
        facts = facts._replace(cwd=known.cwd)  # where it was started: daemons go to / afterwards
    if known is None or not draft.unread or ("exe" not in draft.unread and known.exe != draft.exe):
        return facts
    kept: dict[str, Any] = {
        "status": {"uid": known.uid},
        "cgroup": {"cgroup": known.cgroup, "container": known.container, "unit": known.unit},
        "exe": {"exe": known.exe},
        "netns": {"netns": known.netns},
        "cwd": {"cwd": known.cwd},
        "container": {"contained": known.contained},
        "cmdline": {"cmdline": known.cmdline},
    }
    for step in draft.unread:
        facts = facts._replace(**kept[step])
    return facts
