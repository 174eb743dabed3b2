"""The kernel's part of looking at how connections open and close: headers of segments with SYN, FIN or RST alone."""

from collectors import packet_filter as bpf
from collectors.talks import FIN, RST, SYN

HEADER_BYTES = 14  # of TCP, up to the flags


def program() -> bytes:
    """Return the filter as an array of struct sock_filter. No byte of payload passes."""
    return bpf.assembled(
        [
            *bpf.TCP,
            (bpf.LDBX, 13, "", ""),
            (bpf.JSET, FIN | SYN | RST, "", "drop"),
            (bpf.TXA, 0, "", ""),
            (bpf.ADD, HEADER_BYTES, "", ""),
            (bpf.RETA, 0, "", ""),
            *bpf.DROP,
        ]
    )
