"""The kernel's part of looking at HTTP/1: a classic BPF program that lets first segments pass, and no byte too many.

It sees IP packets (the socket is SOCK_DGRAM) and passes those whose TCP payload begins like a request or a response,
cut after the method or the status code: not even the first letter of a path leaves the kernel. Of what ends a
connection (FIN, RST) it passes the headers, for they say which end went first. What begins elsewhere than at the start
of a segment is not seen. Instructions: Documentation/networking/filter.rst and include/uapi/linux/bpf_common.h.
"""

import struct

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
TOKENS = tuple(f"{method} ".encode() for method in METHODS)
STATUS_BYTES = len(b"HTTP/1.1 200")
PASSED = {token: len(token) for token in TOKENS} | {b"HTTP": STATUS_BYTES}  # how it begins -> payload bytes passed on
FIN, RST, ACK = 0x01, 0x04, 0x10  # TCP's flags
MOST_HALVINGS = 6
_MIXER = (
    0x9E37_79B1  # Knuth's multiplicative hash: ports of clients are even numbers mostly, and their low bits no dice
)

_LDB, _LDH, _LDXB = 0x30, 0x28, 0xB1  # load a byte, a half word; X = length of the IP header
_LDM, _LEN, _SUB = 0x60, 0x80, 0x14  # load what was stored, the packet's length; subtract
_LDBX, _LDHX, _LDWX = 0x50, 0x48, 0x40  # load at X + k
_LDX, _LDXM, _ST, _STX, _TAX, _TXA = 0x01, 0x61, 0x02, 0x03, 0x07, 0x87
_ADDX, _ADD, _AND, _RSH, _MUL = 0x0C, 0x04, 0x54, 0x74, 0x24
_JEQ, _JSET, _JGEX, _JA, _RET, _RETA = 0x15, 0x45, 0x3D, 0x05, 0x06, 0x16
_ENDS = 2  # where it is stored whether a segment ends its connection

Step = tuple[int, int, str, str] | str  # code, constant, where to jump if so and if not; or a label


def sampled(port: int, other: int, halvings: int) -> bool:
    """Tell whether a flow is among the one in 2**halvings that are looked at; the same for both directions."""
    return not halvings or ((port + other) * _MIXER & 0xFFFF_FFFF) >> (32 - halvings) == 0


def program(halvings: int = 0) -> bytes:
    """Return the filter for one in 2**halvings flows as an array of struct sock_filter."""
    steps: list[Step] = [
        (_LDB, 0, "", ""),
        (_AND, 0xF0, "", ""),
        (_JEQ, 0x40, "v4", ""),
        (_JEQ, 0x60, "v6", "drop"),
        "v4",
        (_LDB, 9, "", ""),
        (_JEQ, 6, "", "drop"),
        (_LDH, 6, "", ""),
        (_JSET, 0x1FFF, "drop", ""),  # a later fragment
        (_LDXB, 0, "", ""),
        (_JA, 0, "tcp", "tcp"),
        "v6",
        (_LDB, 6, "", ""),
        (_JEQ, 6, "", "drop"),
        (_LDX, 40, "", ""),
        "tcp",
        *(_sampling(halvings) if halvings else ()),
        (_LDBX, 13, "", ""),
        (_AND, FIN | RST, "", ""),
        (_ST, _ENDS, "", ""),
        (_LDBX, 12, "", ""),  # data offset, in words, in its upper half
        (_AND, 0xF0, "", ""),
        (_RSH, 2, "", ""),
        (_ADDX, 0, "", ""),
        (_TAX, 0, "", ""),
        (_LEN, 0, "", ""),
        (_SUB, 4, "", ""),
        (_JGEX, 0, "", "no message"),  # fewer than four bytes of payload
        (_LDWX, 0, "", ""),
    ]
    begins = {int.from_bytes(token[:4], "big"): f"pass {size}" for token, size in PASSED.items()}
    steps += [(_JEQ, word, label, "") for word, label in begins.items()]
    steps += ["no message", (_LDM, _ENDS, "", ""), (_JEQ, 0, "", "pass 0"), "drop", (_RET, 0, "", "")]
    for size in sorted({0, *PASSED.values()}):
        steps += [f"pass {size}", (_TXA, 0, "", ""), (_ADD, size, "", ""), (_RETA, 0, "", "")]
    return _assembled(steps)


def _sampling(halvings: int) -> list[Step]:
    """Hash the sum of both ports, which leaves X where it was."""
    return [
        (_STX, 0, "", ""),
        (_LDHX, 0, "", ""),
        (_ST, 1, "", ""),
        (_LDHX, 2, "", ""),
        (_LDXM, 1, "", ""),
        (_ADDX, 0, "", ""),
        (_MUL, _MIXER, "", ""),
        (_RSH, 32 - halvings, "", ""),
        (_LDXM, 0, "", ""),
        (_JEQ, 0, "", "drop"),
    ]


def _assembled(steps: list[Step]) -> bytes:
    """Turn labels into distances; no label is the next instruction."""
    places: dict[str, int] = {}
    instructions: list[tuple[int, int, str, str]] = []
    for step in steps:
        if isinstance(step, str):
            places[step] = len(instructions)
        else:
            instructions.append(step)
    out = []
    for at, (code, constant, so, not_so) in enumerate(instructions):
        yes, no = (places[label] - at - 1 if label else 0 for label in (so, not_so))
        jump = (0, 0, yes) if code == _JA else (yes, no, constant)
        out.append(struct.pack("=HBBI", code, *jump))
    return b"".join(out)
