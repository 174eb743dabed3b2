"""What all programs share: fields of the kernel's structs, maps, and where they keep what on the stack."""

from typing import NamedTuple

from collectors.bpf_assembler import Assembler, R
from collectors.btf import Types
from collectors.traced import ENDED, OWNED

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = R
SOCK = R6  # keeps the socket in all programs
# Helpers, by their numbers in include/uapi/linux/bpf.h.
LOOKUP, UPDATE, COOKIE, CGROUP, READ_USER, READ_KERNEL, READ_TEXT = 1, 2, 46, 80, 112, 113, 115
OUTPUT, RESERVE, SUBMIT, TCP_SOCK, CURRENT = 130, 131, 132, 137, 158
NO_WAKEUP = 1  # nobody waits for records
# On the stack: a cookie, a pid, two numbers of that process, a record of an owner, and one of an end.
COOKIE_AT, PID_AT, START_AT, EXEC_AT = -8, -16, -32, -24
OWNED_AT = START_AT - OWNED.size
ENDED_AT = OWNED_AT - ENDED.size


class Maps(NamedTuple):
    """Descriptors of the maps that the programs share."""

    ring: int  # records
    reported: int  # cookies of sockets whose owner was reported, and what the owner did
    known: int  # processes that were reported
    lost: int  # how many records found no room


class Code(Assembler):
    """A program for one kernel. LookupError if the kernel's types lack what it needs."""

    def __init__(self, types: Types, maps: Maps) -> None:
        super().__init__()
        self.types = types
        self.maps = maps
        self._counts = 0

    def field(self, into: R, base: R, struct: str, path: str, width: int = 8) -> None:
        """Read a field of a struct of the kernel."""
        self.load(into, base, self.types.offset(struct, path), width)

    def number(self) -> None:
        """Put the cookie of the socket on the stack; the kernel makes one if there is none."""
        self.move(R1, SOCK)
        self.call(COOKIE)
        self.store(R10, COOKIE_AT, R0)

    def look_up(self, descriptor: int, key_at: int) -> None:
        """Find a value by a key on the stack: R0 points to it, or is 0."""
        self.map(R1, descriptor)
        self.address(R2, R10, key_at)
        self.call(LOOKUP)

    def update(self, descriptor: int, key_at: int, value_at: int) -> None:
        """Set a value that is on the stack."""
        self.map(R1, descriptor)
        self.address(R2, R10, key_at)
        self.address(R3, R10, value_at)
        self.set(R4, 0)
        self.call(UPDATE)

    def output(self, at: int, size: int) -> None:
        """Write a record that is on the stack to the ring, or count it as lost."""
        written = self._label("written")
        self.map(R1, self.maps.ring)
        self.address(R2, R10, at)
        self.set(R3, size)
        self.set(R4, NO_WAKEUP)
        self.call(OUTPUT)
        self.jump_if(R0, "==", 0, written)
        self.lose()
        self.label(written)

    def lose(self) -> None:
        """Count a record that is lost."""
        counted = self._label("counted")
        self.store_value(R10, PID_AT, 0, 4)
        self.look_up(self.maps.lost, PID_AT)
        self.jump_if(R0, "==", 0, counted)
        self.set(R1, 1)
        self.count(R0, R1)
        self.label(counted)

    def _label(self, name: str) -> str:
        self._counts += 1
        return f"{name} {self._counts}"
