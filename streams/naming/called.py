"""The input and the result of naming: a command, and a name."""

import re
from posixpath import basename
from typing import NamedTuple

from schemas.text import to_bytes

COMM_BYTES = 15


class Called(NamedTuple):
    """A name, the rule that gave it, and the fact in which the rule found it."""

    name: str
    rule: str
    evidence: str


class Command(NamedTuple):
    """How a program was started, by the kernel. A field that cannot be read is empty."""

    argv: tuple[str, ...]
    comm: str = ""
    exe: str = ""
    cwd: str = ""

    @property
    def base(self) -> str:
        """Return the name of the executable; "" if it has no file (memfd_create(2)) and so no meaningful name."""
        path = self.exe.removesuffix(" (deleted)")
        return "" if path.startswith("/memfd:") else basename(path)

    @property
    def own(self) -> str:
        """Return the name in the first argument if the kernel's facts agree with it, and "" otherwise."""
        whole = basename(self.argv[0].lstrip("-")) if self.argv else ""
        if whole and whole == self.base:
            return whole
        head = basename(re.split(r"[\s:]", self.argv[0].lstrip("-"), maxsplit=1)[0]) if self.argv else ""
        agreed = head == self.base or to_bytes(head)[:COMM_BYTES] == to_bytes(self.comm) or not self.base
        return head if head and agreed else ""

    def started(self, at: int) -> "Command":
        """Return the command that begins at an argument, as if it had been started directly."""
        return Command(self.argv[at:], exe=self.argv[at], cwd=self.cwd)
