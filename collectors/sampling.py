"""Which connections are looked at when they are too many: a share of them, whole, in both directions."""

from socket import IPPROTO_TCP

from collectors import packet_filter as bpf

MOST_HALVINGS = 6
_MIXER = (
    0x9E37_79B1  # Knuth's multiplicative hash: ports of clients are even numbers mostly, and their low bits no dice
)


def sampled(port: int, other: int, halvings: int) -> bool:
    """Return whether a flow is among the one in 2**halvings that are looked at; the same for both directions."""
    return not halvings or ((port + other) * _MIXER & 0xFFFF_FFFF) >> (32 - halvings) == 0


def passing_by(halvings: int) -> tuple[bpf.Step, ...]:
    """Return the beginning of a filter, which lets go of other flows of TCP by as few steps as it takes.

    A filter runs for each packet of the host. What is unusual goes on to the rest, which samples too.
    """
    if not halvings:
        return ()
    return (
        (bpf.LDB, 0, "", ""),
        (bpf.JEQ, 0x45, "", "looked at"),  # IPv4 without options: TCP begins at 20
        (bpf.LDB, 9, "", ""),
        (bpf.JEQ, IPPROTO_TCP, "", "looked at"),
        (bpf.LDH, 20, "", ""),
        (bpf.TAX, 0, "", ""),
        (bpf.LDH, 22, "", ""),
        *_mixed(halvings),
        (bpf.JEQ, 0, "looked at", ""),
        (bpf.RET, 0, "", ""),
        "looked at",
    )


def sampling(halvings: int) -> tuple[bpf.Step, ...]:
    """Return the same as a part of a filter that goes to "drop", or on with X where it was: the start of TCP."""
    if not halvings:
        return ()
    return (
        (bpf.STX, 0, "", ""),
        (bpf.LDHX, 0, "", ""),
        (bpf.ST, 1, "", ""),
        (bpf.LDHX, 2, "", ""),
        (bpf.LDXM, 1, "", ""),
        *_mixed(halvings),
        (bpf.LDXM, 0, "", ""),
        (bpf.JEQ, 0, "", "drop"),
    )


def _mixed(halvings: int) -> tuple[bpf.Step, ...]:
    """Return the steps that mix the ports in A and X as `sampled` does."""
    return (bpf.ADDX, 0, "", ""), (bpf.MUL, _MIXER, "", ""), (bpf.RSH, 32 - halvings, "", "")
