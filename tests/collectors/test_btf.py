"""Offsets of fields are found in the kernel's description of its own types."""

import struct
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.btf import KERNEL, STRUCT, TYPEDEF, Types

INT, CONST = 1, 10


def described(*types: tuple[int, str, int, list[tuple[str, int, int]]]) -> bytes:
    """Return a description of types: kind, name, size or type, and parts: name, type, offset in bits."""
    names, at = {"": 0}, count(1)
    texts = b"\0"
    for _, name, _, parts in types:
        for each in (name, *(part[0] for part in parts)):
            if each not in names:
                names[each] = len(texts)
                texts += each.encode() + b"\0"
    body = b""
    for (kind, name, of, parts), _ in zip(types, at, strict=False):
        body += struct.pack("<III", names[name], kind << 24 | len(parts), of)
        body += struct.pack("<I", 0) if kind == INT else b""
        body += b"".join(struct.pack("<III", names[part], number, offset) for part, number, offset in parts)
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(body), len(body), len(texts)) + body + texts


WHOLE = described(
    (INT, "int", 4, []),
    (STRUCT, "net", 8, [("inum", 1, 32)]),
    (CONST, "", 2, []),
    (STRUCT, "", 16, [("port", 1, 0), ("net", 3, 64)]),
    (STRUCT, "sock", 24, [("", 4, 64)]),
    (TYPEDEF, "sock", 5, []),
)
NAMES = ("net", "sock", "task", "cookie")


def test_a_field_is_found_inside_of_structs_and_of_those_without_a_name() -> None:
    types = Types(WHOLE, NAMES)

    assert types.offset("net", "inum") == 4
    assert types.offset("sock", "port") == 8
    assert types.offset("sock", "net.inum") == 20
    assert (types.find("sock", STRUCT), types.find("sock", TYPEDEF)) == (5, 6)


@pytest.mark.parametrize(("name", "path"), [("sock", "cookie"), ("task", "pid"), ("net", "inum.more")])
def test_what_a_kernel_lacks_is_named(name: str, path: str) -> None:
    with pytest.raises(LookupError, match=name):
        Types(WHOLE, NAMES).offset(name, path)


@given(st.binary(max_size=200) | st.integers(0, len(WHOLE)).map(lambda end: WHOLE[:end]))
def test_what_describes_no_types_is_a_value_error(raw: bytes) -> None:
    try:
        types = Types(raw, NAMES)
    except ValueError:
        return
    with pytest.raises(LookupError):
        types.find("task_struct", STRUCT)


@pytest.mark.skipif(not Path(KERNEL).exists(), reason="this kernel does not show its types")
def test_the_running_kernel_s_types_are_read() -> None:
    types = Types(Path(KERNEL).read_bytes(), ("sock", "btf_trace_inet_sock_set_state"))

    assert types.offset("sock", "__sk_common.skc_daddr") == 0  # include/net/sock.h: the first
    assert types.find("btf_trace_inet_sock_set_state", TYPEDEF)
