"""Parts of a running `up` that fail again and again: the supervisor notes them in a file, for `doctor` and others."""

import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from servicemap.supervisor import Child
from sinks.embedded.folder import DAMAGED

FILE = "trouble.json"  # in the data directory
REBUILD = "servicemap store rebuild"
MANY = 3
_CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE}


class Trouble(msgspec.Struct, frozen=True):
    """A part that ended so often in a row, the last time with this exit code (negative: by this signal)."""

    part: str
    code: int
    exits: int

    @property
    def damaged(self) -> bool:
        """Return whether the engine's files are damaged."""
        return self.part == "store" and (self.code == DAMAGED or (-self.code in _CRASHES and self.exits >= MANY))

    def remedy(self, flag: str = "") -> str:
        """Return the command that mends it, if there is one."""
        return f"{REBUILD}{flag}" if self.damaged else ""

    def sentence(self, flag: str = "") -> str:
        """Describe what is wrong, and the remedy; `flag` names the data directory on a command line."""
        if self.damaged:
            return f"the store cannot be opened: its files are damaged; run `{REBUILD}{flag}`; collecting continues"
        how = f"signal {-self.code}" if self.code < 0 else f"exit code {self.code}"
        return f"{self.part} ends again and again ({how}): its errors are in the output of `servicemap up`"


class Watch:
    """Notes which children are in trouble, as that changes, and reports damage."""

    def __init__(self, folder: Path, flag: str, report: Callable[[str], None]) -> None:
        self._folder = folder
        self._flag = flag
        self._report = report
        self._found: list[Trouble] | None = None

    def note(self, children: Sequence[Child]) -> None:
        """Look at the children: those that ended more than once and have not run well since."""
        found = [Trouble(c.part.name, c.code, c.exits) for c in children if c.code is not None and c.exits > 1]
        if found == self._found:
            return
        known = any(each.damaged for each in self._found or ())
        self._found = found
        self._write(found)
        for each in found:
            if each.damaged and not known:
                self._report(each.sentence(self._flag))

    def leave(self) -> None:
        """Leave written what is still true when nothing runs."""
        self._write([each for each in self._found or () if each.damaged])

    def _write(self, found: list[Trouble]) -> None:
        fresh = self._folder / f"{FILE}.new"
        fresh.write_bytes(msgspec.json.encode(found))
        fresh.replace(self._folder / FILE)


def read(folder: Path) -> list[Trouble]:
    """Return what is wrong with the parts of the `up` that runs, or ran last, in a data directory."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=list[Trouble])
    except (OSError, msgspec.DecodeError):
        return []
