"""The programs, each of which runs at a tracepoint that exists once for all network namespaces."""

from collectors.bpf_code import R0, R1, R2, R3, R8, R10, SOCK, Maps
from collectors.bpf_endings import Endings
from collectors.bpf_owners import Owners
from collectors.btf import TYPEDEF, Types

__all__ = ["TRACEPOINTS", "TYPES", "Maps", "program", "traced"]

SYN_SENT, FIN_WAIT1, CLOSE, LAST_ACK, LISTEN = 2, 4, 7, 9, 10  # include/net/tcp_states.h
TCP = 6
STATE_AT = -176  # on the stack: the state before
TRACEPOINTS = ("inet_sock_set_state", "tcp_rcv_space_adjust", "tcp_destroy_sock")


STRUCTS = ("sock", "tcp_sock", "net", "task_struct", "cred", "nsproxy", "mm_struct")
TYPES = (*STRUCTS, *(f"btf_trace_{name}" for name in TRACEPOINTS))  # of the kernel


def program(tracepoint: str, types: Types, maps: Maps) -> bytes:
    """Return the program of a tracepoint. LookupError if the kernel's types lack what it needs."""
    return _Program(types, maps).at(tracepoint)


def traced(tracepoint: str, types: Types) -> int:
    """Return the number of a tracepoint's type."""
    return types.find(f"btf_trace_{tracepoint}", TYPEDEF)


class _Program(Owners, Endings):
    def at(self, tracepoint: str) -> bytes:
        self.load(SOCK, R1)
        if tracepoint == "inet_sock_set_state":
            self._changes_state()
        elif tracepoint == "tcp_rcv_space_adjust":
            self.reads()
        else:
            self._is_destroyed()
        self.report()
        self.label("end")
        self.set(R0, 0)
        self.exit()
        return self.assemble()

    def _is_destroyed(self) -> None:
        """Find out who closes a socket. One that has no peer never had one, or was reported when it was reset."""
        self.field(R2, SOCK, "sock", "__sk_common.skc_dport", 2)
        self.jump_if(R2, "==", 0, "end")
        self.closes()

    def _changes_state(self) -> None:
        """Report the end of a connection, and owners. Arguments: socket, state before, state."""
        self.field(R2, SOCK, "sock", "sk_protocol", 2)
        self.jump_if(R2, "!=", TCP, "end")
        self.load(R3, R1, 8, 4)
        self.store(R10, STATE_AT, R3)
        self.load(R8, R1, 16, 4)
        self.jump_if(R8, "==", SYN_SENT, "connects")
        self.jump_if(R8, "==", FIN_WAIT1, "closes")
        self.jump_if(R8, "==", LAST_ACK, "closes")
        self.jump_if(R8, "!=", CLOSE, "end")
        self.jump_if(R3, "==", CLOSE, "end")
        self.ends(STATE_AT)
        self.load(R3, R10, STATE_AT)
        self.jump_if(R3, "==", LISTEN, "end")
        self.label("closes")
        self.closes()
        self.jump("report")
        self.label("connects")
        self.connects()
        self.label("report")
