"""Report a TCP socket when its connection is over, with its addresses and its last counters.

At that moment, nothing of it has been cleared yet, also where the connection is reset. The flag SOCK_DONE is set when
the peer's FIN has come, which is counted as a byte (net/ipv4/tcp_input.c, tcp_fin).
"""

from collectors.bpf_code import (
    COOKIE_AT,
    ENDED_AT,
    R0,
    R1,
    R2,
    R3,
    R7,
    R10,
    READ_KERNEL,
    SOCK,
    TCP_SOCK,
    Code,
)
from collectors.traced import ACCEPTED, DONE, ENDED, OPENED, STATE_SHIFT, Kind

AF_INET6 = 10
_SOCK_DONE = 1  # the bit: include/net/sock.h, enum sock_flags
_CONNECTION = R7
# Where they are in the record, and fields of tcp_sock with their bytes.
_COUNTERS = {
    56: ("srtt_us", 4),
    60: ("total_retrans", 4),
    64: ("bytes_received", 8),
    72: ("segs_out", 4),
    76: ("segs_in", 4),
    84: ("rcv_ooopack", 4),
    88: ("bytes_sent", 8),
    96: ("bytes_retrans", 8),
}


class Endings(Code):
    """Instructions that report the end of a connection, or of a listener."""

    def ends(self, state: int) -> None:
        """Report the socket; the state that it had is on the stack."""
        self.move(R1, SOCK)
        self.call(TCP_SOCK)
        self.jump_if(R0, "==", 0, "ended")
        self.move(_CONNECTION, R0)
        self.number()
        self._flags(state)
        self._addresses()
        self.store_value(R10, ENDED_AT, Kind.ENDED, 4)
        self.field(R1, SOCK, "sock", "__sk_common.skc_net")
        self.field(R1, R1, "net", "ns.inum", 4)
        self.store(R10, ENDED_AT + 4, R1, 4)
        self.load(R1, R10, COOKIE_AT)
        self.store(R10, ENDED_AT + 8, R1)
        for at, (name, width) in _COUNTERS.items():
            self.field(R1, _CONNECTION, "tcp_sock", name, width)
            self.store(R10, ENDED_AT + at, R1, width)
        self.address(R1, R10, ENDED_AT + 80)
        self.set(R2, 4)
        self.address(R3, _CONNECTION, self.types.offset("tcp_sock", "rtt_min") + 4)  # the value of the first sample
        self.call(READ_KERNEL)
        self.output(ENDED_AT, ENDED.size)
        self.label("ended")

    def _flags(self, state: int) -> None:
        """Write whether the peer's FIN has come, and whether this end has connected."""
        self.load(R1, R10, state)
        self.shift(R1, STATE_SHIFT)
        self.field(R2, SOCK, "sock", "__sk_common.skc_flags")
        self.jump_if(R2, "has", 1 << _SOCK_DONE, "done")
        self.jump("not done")
        self.label("done")
        self.add(R1, DONE)
        self.label("not done")
        self.store(R10, ENDED_AT + 22, R1, 2)
        self.look_up(self.maps.reported, COOKIE_AT)
        self.jump_if(R0, "==", 0, "not known")
        self.load(R2, R0, 0, 4)
        self.load(R1, R10, ENDED_AT + 22, 2)
        self.jump_if(R2, "==", Kind.CONNECTED, "opened")
        self.jump_if(R2, "!=", Kind.READ, "not known")
        self.add(R1, ACCEPTED)
        self.jump("known")
        self.label("opened")
        self.add(R1, OPENED)
        self.label("known")
        self.store(R10, ENDED_AT + 22, R1, 2)
        self.label("not known")

    def _addresses(self) -> None:
        for at in (24, 32, 40, 48):
            self.store_value(R10, ENDED_AT + at, 0, 8)
        self.field(R1, _CONNECTION, "tcp_sock", "inet_conn.icsk_inet.inet_sport", 2)
        self.swap(R1)
        self.store(R10, ENDED_AT + 18, R1, 2)
        self.field(R1, SOCK, "sock", "__sk_common.skc_dport", 2)
        self.swap(R1)
        self.store(R10, ENDED_AT + 20, R1, 2)
        self.field(R1, SOCK, "sock", "__sk_common.skc_family", 2)
        self.store(R10, ENDED_AT + 16, R1, 2)
        self.jump_if(R1, "==", AF_INET6, "of version 6")
        for at, name in ((24, "skc_rcv_saddr"), (40, "skc_daddr")):
            self.field(R1, SOCK, "sock", f"__sk_common.{name}", 4)
            self.store(R10, ENDED_AT + at, R1, 4)
        self.jump("addressed")
        self.label("of version 6")
        for at, name in ((24, "skc_v6_rcv_saddr"), (40, "skc_v6_daddr")):
            self.address(R1, R10, ENDED_AT + at)
            self.set(R2, 16)
            self.address(R3, SOCK, self.types.offset("sock", f"__sk_common.{name}"))
            self.call(READ_KERNEL)
        self.label("addressed")
