"""Which connections are looked at when they are too many: a share of them, whole, in both directions."""

from collectors import packet_filter as bpf

MOST_HALVINGS = 6
_MIXER = (
    0x9E37_79B1  # Knuth's multiplicative hash: ports of clients are even numbers mostly, and their low bits no dice
)


def sampled(port: int, other: int, halvings: int) -> bool:
    """Return whether a flow is among the one in 2**halvings that are looked at; the same for both directions."""
    return not halvings or ((port + other) * _MIXER & 0xFFFF_FFFF) >> (32 - halvings) == 0


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
        (bpf.ADDX, 0, "", ""),
        (bpf.MUL, _MIXER, "", ""),
        (bpf.RSH, 32 - halvings, "", ""),
        (bpf.LDXM, 0, "", ""),
        (bpf.JEQ, 0, "", "drop"),
    )
