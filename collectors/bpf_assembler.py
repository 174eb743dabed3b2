"""Assemble programs for the kernel's BPF machine (Documentation/bpf/standardization/instruction-set.rst).

A program is written here instruction by instruction, so that no compiler is needed on a host. The kernel's verifier
reads every program before it runs.
"""

import struct
from enum import IntEnum

_INSTRUCTION = struct.Struct("=BBhi")  # operation, registers, offset, immediate value
_WIDTHS = {1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18}  # bytes -> size bits of a load or store
_LOAD, _STORE, _STORE_VALUE = 0x61, 0x63, 0x62
_MOVE, _SET, _ADD, _SHIFT = 0xBF, 0xB7, 0x07, 0x67
_TO_NETWORK = 0xDC
_SUBTRACT_REGISTER, _ATOMIC_ADD = 0x1F, 0xDB
_CALL, _EXIT, _LOAD_MAP = 0x85, 0x95, 0x18
_MAP_BY_DESCRIPTOR = 1 << 4
_BY_REGISTER = 0x08
_JUMPS = {"always": 0x05, "==": 0x15, ">": 0x25, "has": 0x45, "!=": 0x55}  # `has`: any of these bits is set


class R(IntEnum):
    """Registers. R0 is a result, R1 to R5 are arguments and lost in calls, R10 is the end of the stack."""

    R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = range(11)


class Assembler:
    """Collects the instructions of one program."""

    def __init__(self) -> None:
        self._code: list[bytes] = []
        self._jumps: list[tuple[int, int, int, int, str]] = []  # where, operation, registers, value, label
        self._labels: dict[str, int] = {}

    def load(self, into: R, base: R, offset: int = 0, width: int = 8) -> None:
        """Read memory."""
        self._add(_LOAD | _WIDTHS[width], into, base, offset)

    def store(self, base: R, offset: int, source: R, width: int = 8) -> None:
        """Write a register to memory."""
        self._add(_STORE | _WIDTHS[width], base, source, offset)

    def store_value(self, base: R, offset: int, value: int, width: int = 8) -> None:
        """Write a number to memory."""
        self._add(_STORE_VALUE | _WIDTHS[width], base, 0, offset, value)

    def move(self, into: R, source: R) -> None:
        """Copy a register."""
        self._add(_MOVE, into, source)

    def set(self, into: R, value: int) -> None:
        """Put a number into a register."""
        self._add(_SET, into, 0, 0, value)

    def add(self, into: R, value: int) -> None:
        """Add a number to a register."""
        self._add(_ADD, into, 0, 0, value)

    def shift(self, into: R, bits: int) -> None:
        """Move the bits of a register to the left."""
        self._add(_SHIFT, into, 0, 0, bits)

    def subtract(self, into: R, source: R) -> None:
        """Take one register from another."""
        self._add(_SUBTRACT_REGISTER, into, source)

    def swap(self, into: R) -> None:
        """Turn 16 bits of network order into the order of this machine, or back."""
        self._add(_TO_NETWORK, into, 0, 0, 16)

    def address(self, into: R, base: R, offset: int) -> None:
        """Compute an address."""
        self.move(into, base)
        self.add(into, offset)

    def count(self, base: R, source: R) -> None:
        """Add a register to a number in memory, which other CPUs may change at the same time."""
        self._add(_ATOMIC_ADD, base, source)

    def map(self, into: R, descriptor: int) -> None:
        """Load a map; this takes the room of two instructions."""
        self._add(_LOAD_MAP, into | _MAP_BY_DESCRIPTOR, 0, 0, descriptor)
        self._add(0, 0, 0)

    def call(self, helper: int) -> None:
        """Call a function of the kernel."""
        self._add(_CALL, 0, 0, 0, helper)

    def jump(self, label: str) -> None:
        """Go on at a label."""
        self._jump("always", 0, 0, label)

    def jump_if(self, left: R, test: str, right: R | int, label: str) -> None:
        """Go on at a label if a register compares so with another one, or with a number."""
        self._jump(test, left, right, label)

    def label(self, name: str) -> None:
        """Name this place."""
        if name in self._labels:
            raise ValueError(f"there are two labels {name}")
        self._labels[name] = len(self._code)

    def exit(self) -> None:
        """Return R0."""
        self._add(_EXIT, 0, 0)

    def assemble(self) -> bytes:
        """Return the program."""
        for at, operation, registers, value, label in self._jumps:
            if label not in self._labels:
                raise ValueError(f"there is no label {label}")
            self._code[at] = _INSTRUCTION.pack(operation, registers, self._labels[label] - at - 1, value)
        return b"".join(self._code)

    def _add(self, operation: int, target: int, source: int, offset: int = 0, value: int = 0) -> None:
        self._code.append(_INSTRUCTION.pack(operation, target | source << 4, offset, value))

    def _jump(self, test: str, left: int, right: R | int, label: str) -> None:
        operation, registers, value = _JUMPS[test], left, int(right)
        if isinstance(right, R):
            operation, registers, value = operation | _BY_REGISTER, left | right << 4, 0
        self._jumps.append((len(self._code), operation, registers, value, label))
        self._add(operation, 0, 0)
