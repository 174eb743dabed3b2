"""Classic BPF programs that look at the TCP segments of IPv4 and IPv6 packets.

They see IP packets (the socket is SOCK_DGRAM). Instructions: Documentation/networking/filter.rst and
include/uapi/linux/bpf_common.h.
"""

import struct

LDB, LDH, LDW, LDXB = 0x30, 0x28, 0x20, 0xB1  # load a byte, a half word, a word; X = length of the IP header
LDK, LDM, LEN, SUB = 0x00, 0x60, 0x80, 0x14  # load a constant, what was stored, the packet's length; subtract
LDBX, LDHX, LDWX = 0x50, 0x48, 0x40  # load at X + k
LDX, LDXM, ST, STX, TAX, TXA = 0x01, 0x61, 0x02, 0x03, 0x07, 0x87
ADDX, ADD, SUBX, AND, RSH, MUL = 0x0C, 0x04, 0x1C, 0x54, 0x74, 0x24
JEQ, JEQX, JSET, JGT, JGE, JGEX, JA, RET, RETA = 0x15, 0x1D, 0x45, 0x25, 0x35, 0x3D, 0x05, 0x06, 0x16

_ANCILLARY = 0xFFFF_F000  # SKF_AD_OFF; include/uapi/linux/filter.h
PACKET_TYPE, RANDOM = _ANCILLARY + 4, _ANCILLARY + 56  # what can be loaded besides the packet
TO_US, FROM_US = 0, 4  # sll_pkttype; what is between is for many, or for others

Step = tuple[int, int, str, str] | str  # code, constant, where to jump if so and if not; or a label

VERSION: tuple[Step, ...] = ((LDB, 0, "", ""), (AND, 0xF0, "", ""))  # of IP, in the upper half of A
# Leaves the length of the IP header in X; jumps to "drop", which the program has to have, where there is no TCP.
TCP: tuple[Step, ...] = (
    *VERSION,
    (JEQ, 0x40, "v4", ""),
    (JEQ, 0x60, "v6", "drop"),
    "v4",
    (LDB, 9, "", ""),
    (JEQ, 6, "", "drop"),
    (LDH, 6, "", ""),
    (JSET, 0x1FFF, "drop", ""),  # a later fragment
    (LDXB, 0, "", ""),
    (JA, 0, "tcp", "tcp"),
    "v6",
    (LDB, 6, "", ""),
    (JEQ, 6, "", "drop"),
    (LDX, 40, "", ""),
    "tcp",
)
DROP: tuple[Step, ...] = ("drop", (RET, 0, "", ""))


def assembled(steps: list[Step]) -> bytes:
    """Return an array of struct sock_filter: labels turned into distances; no label is the next instruction."""
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
        jump = (0, 0, yes) if code == JA else (yes, no, constant)
        out.append(struct.pack("=HBBI", code, *jump))
    return b"".join(out)
