"""The kernel's part of looking at who exchanges datagrams: headers of UDP from one host to another, or a sample.

The sample is drawn by chance, so that of a flow with many datagrams one is seen all the same, without any memory.
"""

from socket import IPPROTO_UDP

from collectors import packet_filter as bpf

HEADER_BYTES = 8  # of UDP


def program(halvings: int = 0) -> bytes:
    """Return the filter for one in 2**halvings datagrams as an array of struct sock_filter. No payload passes."""
    sample: tuple[bpf.Step, ...] = (
        (bpf.LDW, bpf.RANDOM, "", ""),
        (bpf.JSET, (1 << halvings) - 1, "drop", ""),
    )
    return bpf.assembled(
        [
            *bpf.VERSION,
            (bpf.JEQ, 0x40, "v4", ""),
            (bpf.JEQ, 0x60, "v6", "drop"),
            "v4",
            (bpf.LDB, 9, "", ""),
            (bpf.JEQ, IPPROTO_UDP, "", "drop"),
            (bpf.LDH, 6, "", ""),
            (bpf.JSET, 0x1FFF, "drop", ""),  # a later fragment
            (bpf.LDB, 16, "", ""),
            (bpf.JGE, 224, "drop", ""),  # multicast, and broadcast to all
            (bpf.LDXB, 0, "", ""),
            (bpf.JA, 0, "udp", "udp"),
            "v6",
            (bpf.LDB, 6, "", ""),
            (bpf.JEQ, IPPROTO_UDP, "", "drop"),
            (bpf.LDB, 24, "", ""),
            (bpf.JEQ, 0xFF, "drop", ""),  # multicast
            (bpf.LDX, 40, "", ""),
            "udp",
            *(sample if halvings else ()),
            (bpf.LDB, bpf.PACKET_TYPE, "", ""),
            (bpf.JEQ, bpf.TO_US, "whole", ""),
            (bpf.JEQ, bpf.FROM_US, "whole", "drop"),
            "whole",
            (bpf.LDHX, HEADER_BYTES - 2, "", ""),  # a shorter packet is rejected here
            (bpf.TXA, 0, "", ""),
            (bpf.ADD, HEADER_BYTES, "", ""),
            (bpf.RETA, 0, "", ""),
            *bpf.DROP,
        ]
    )
