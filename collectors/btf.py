"""What the running kernel's own types look like: BTF (Documentation/bpf/btf.rst).

A program that reads memory of the kernel needs the offsets of fields there, which differ from one kernel to the next.
"""

import struct
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

KERNEL = "/sys/kernel/btf/vmlinux"
STRUCT, UNION, TYPEDEF = 4, 5, 8
_TRANSPARENT = frozenset({TYPEDEF, 9, 10, 11, 18})  # typedef, volatile, const, restrict, type tag: for another type
_MAGIC = 0xEB9F
_HEADER = struct.Struct("<HBBIIIII")
_TYPE = struct.Struct("<III")  # name, kind and number of parts, size or type
_PART = struct.Struct("<III")  # name, type, offset in bits
# Bytes that follow a type: a number of them, and for each of its parts.
_FOLLOWING = {1: (4, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8), 13: (0, 8), 14: (4, 0), 15: (0, 12)}
_FOLLOWING |= {17: (4, 0), 19: (0, 12)}


class _Type(NamedTuple):
    kind: int
    parts: int
    bits: bool  # offsets of parts have the width of a bit field in their upper byte
    of: int  # type that it stands for


class Types:
    """The types of a kernel that have some names, and those of their fields.

    LookupError for what it does not have, ValueError where the file is none of types.
    """

    def __init__(self, raw: bytes, names: Iterable[str]) -> None:
        self._raw = raw
        try:
            magic, _, _, length, types, size, strings, _ = _HEADER.unpack_from(raw)
            if magic != _MAGIC:
                raise ValueError("not in the byte order of this machine")
            self._strings = length + strings
            self._wanted = {at: name for name in names for at in self._names(name)}
            self._at = array("I")
            self._numbers: dict[tuple[int, str], int] = {}  # of the first with a kind and a name
            self._index(length + types, length + types + size)
        except struct.error as error:
            raise ValueError("cut off") from error

    def find(self, name: str, kind: int) -> int:
        """Return the number of a type."""
        found = self._numbers.get((kind, name))
        if found is None:
            raise LookupError(name)
        return found

    def offset(self, name: str, path: str) -> int:
        """Return the offset of a field in a struct, by the names that lead to it: `__sk_common.skc_net`."""
        number, offset = self.find(name, STRUCT), 0
        for field in path.split("."):
            found = self._field(self._resolve(number), field)
            if found is None:
                raise LookupError(f"{name}.{path}")
            number, offset = found[0], offset + found[1]
        return offset // 8

    def _index(self, at: int, end: int) -> None:
        following = [_FOLLOWING.get(kind, (0, 0)) for kind in range(32)]
        read, raw, wanted, add = _TYPE.unpack_from, self._raw, self._wanted, self._at.append
        while at < end:
            add(at)
            name, info, _ = read(raw, at)
            kind = info >> 24 & 31
            if name in wanted:
                self._numbers.setdefault((kind, wanted[name]), len(self._at))
            once, each = following[kind]
            at += _TYPE.size + once + each * (info & 0xFFFF)

    def _names(self, name: str) -> Iterator[int]:
        wanted = b"\0" + name.encode() + b"\0"
        at = self._raw.find(wanted, self._strings)
        while at >= 0:
            yield at + 1 - self._strings
            at = self._raw.find(wanted, at + 1)

    def _type(self, number: int) -> _Type:
        _, info, of = _TYPE.unpack_from(self._raw, self._at[number - 1])
        return _Type(info >> 24 & 31, info & 0xFFFF, bool(info >> 31), of)

    def _resolve(self, number: int) -> int:
        while (found := self._type(number)).kind in _TRANSPARENT:
            number = found.of
        return number

    def _field(self, number: int, wanted: str) -> tuple[int, int] | None:
        """Return type and offset in bits of a field, which may be in a struct or union without a name."""
        struct_type, at = self._type(number), self._at[number - 1] + _TYPE.size
        for part in range(struct_type.parts if struct_type.kind in (STRUCT, UNION) else 0):
            named, of, offset = _PART.unpack_from(self._raw, at + _PART.size * part)
            offset = offset & 0xFFFFFF if struct_type.bits else offset
            name = self._name(named)
            if name == wanted:
                return of, offset
            if not name and (found := self._field(self._resolve(of), wanted)):
                return found[0], offset + found[1]
        return None

    def _name(self, at: int) -> str:
        begin = self._strings + at
        return self._raw[begin : self._raw.index(b"\0", begin)].decode()


def kernel_types(names: Iterable[str], path: str = KERNEL) -> Types:
    """Return types of the running kernel by their names; OSError where it does not show them."""
    return Types(Path(path).read_bytes(), names)
