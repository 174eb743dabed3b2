"""The kernel's part of looking at HTTP/1: a classic BPF program that lets first segments pass, and no byte too many.

It passes packets whose TCP payload begins like a request or a response, cut after the method or the status code: not
even the first letter of a path leaves the kernel. Of what ends a connection (FIN, RST) it passes the headers, for they
show which end went first. What begins elsewhere than at the start of a segment is not seen.
"""

from collectors import packet_filter as bpf
from collectors.sampling import passing_by, sampling

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
TOKENS = tuple(f"{method} ".encode() for method in METHODS)
STATUS_BYTES = len(b"HTTP/1.1 200")
PASSED = {token: len(token) for token in TOKENS} | {b"HTTP": STATUS_BYTES}  # how it begins -> payload bytes passed on
FIN, RST, ACK = 0x01, 0x04, 0x10  # TCP's flags
_ENDS = 2  # where it is stored whether a segment ends its connection


def program(halvings: int = 0) -> bytes:
    """Return the filter for one in 2**halvings flows as an array of struct sock_filter."""
    steps: list[bpf.Step] = [
        *passing_by(halvings),
        *bpf.TCP,
        *sampling(halvings),
        (bpf.LDBX, 13, "", ""),
        (bpf.AND, FIN | RST, "", ""),
        (bpf.ST, _ENDS, "", ""),
        (bpf.LDBX, 12, "", ""),  # data offset, in words, in its upper half
        (bpf.AND, 0xF0, "", ""),
        (bpf.RSH, 2, "", ""),
        (bpf.ADDX, 0, "", ""),
        (bpf.TAX, 0, "", ""),
        (bpf.LEN, 0, "", ""),
        (bpf.SUB, 4, "", ""),
        (bpf.JGEX, 0, "", "no message"),  # fewer than four bytes of payload
        (bpf.LDWX, 0, "", ""),
    ]
    begins = {int.from_bytes(token[:4], "big"): f"pass {size}" for token, size in PASSED.items()}
    steps += [(bpf.JEQ, word, label, "") for word, label in begins.items()]
    steps += ["no message", (bpf.LDM, _ENDS, "", ""), (bpf.JEQ, 0, "", "pass 0"), *bpf.DROP]
    for size in sorted({0, *PASSED.values()}):
        steps += [f"pass {size}", (bpf.TXA, 0, "", ""), (bpf.ADD, size, "", ""), (bpf.RETA, 0, "", "")]
    return bpf.assembled(steps)
