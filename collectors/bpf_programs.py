"""The programs that report which process connects, reads or closes a TCP socket first, and what that process is.

While a process holds the lock of a socket, nobody else works on it. What the kernel does for a packet, on whichever CPU
takes it and whatever process that interrupts, it does without this lock (net/core/sock.c, lock_sock_nested). So only
where the lock is held a process is named.

A socket gets its number, the cookie, when somebody first asks for it. As long as it has none, nobody has reported it.
So reading is reported once, at the price of one look per read. Who closes a socket is reported if nothing was before.
"""

from typing import NamedTuple

from collectors.bpf_assembler import Assembler, R
from collectors.btf import TYPEDEF, Types
from collectors.traced import ARGUMENTS, ARGUMENTS_AT, COMM_AT, COMM_BYTES, OWNED, STARTED, Kind

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = R
SOCK, TASK, LEADER = R6, R7, R9  # registers that keep these
SYN_SENT, FIN_WAIT1, CLOSE, LAST_ACK, LISTEN = 2, 4, 7, 9, 10  # include/net/tcp_states.h
TCP = 6
PF_KTHREAD = 0x0020_0000  # include/linux/sched.h
# Helpers, by their numbers in include/uapi/linux/bpf.h.
LOOKUP, UPDATE, COOKIE, CGROUP, READ_USER, READ_TEXT = 1, 2, 46, 80, 112, 115
OUTPUT, RESERVE, SUBMIT, CURRENT = 130, 131, 132, 158
NO_WAKEUP = 1  # nobody waits for records
# On the stack: the cookie, a pid, two numbers of that process, and the record of an owner.
COOKIE_AT, PID_AT, START_AT, EXEC_AT = -8, -16, -32, -24
RECORD_AT = START_AT - OWNED.size
TRACEPOINTS = ("inet_sock_set_state", "tcp_rcv_space_adjust", "tcp_destroy_sock")


class Maps(NamedTuple):
    """Descriptors of the maps that the programs share."""

    ring: int  # records
    reported: int  # cookies of sockets whose owner was reported
    known: int  # processes that were reported
    lost: int  # how many records found no room


def program(tracepoint: str, types: Types, maps: Maps) -> bytes:
    """Return the program of a tracepoint. LookupError if the kernel's types lack what it needs."""
    return _Program(types, maps).of(tracepoint)


def traced(tracepoint: str, types: Types) -> int:
    """Return the number of a tracepoint's type."""
    return types.find(f"btf_trace_{tracepoint}", TYPEDEF)


class _Program(Assembler):
    def __init__(self, types: Types, maps: Maps) -> None:
        super().__init__()
        self._types = types
        self._maps = maps

    def of(self, tracepoint: str) -> bytes:
        self.load(SOCK, R1)
        if tracepoint == "inet_sock_set_state":
            self._changes_state()
        elif tracepoint == "tcp_rcv_space_adjust":
            self._reads()
        else:
            self._closes()
        self._report()
        self.label("end")
        self.set(R0, 0)
        self.exit()
        return self.assemble()

    def _changes_state(self) -> None:
        """Report who connects; who closes is reported if nothing was before. Arguments: socket, state before, state."""
        self._field(R2, SOCK, "sock", "sk_protocol", 2)
        self.jump_if(R2, "!=", TCP, "end")
        self.load(R3, R1, 8, 4)
        self.jump_if(R3, "==", LISTEN, "end")
        self.load(R8, R1, 16, 4)
        self.jump_if(R8, "==", SYN_SENT, "connects")
        self.jump_if(R8, "==", FIN_WAIT1, "closes")
        self.jump_if(R8, "==", LAST_ACK, "closes")
        self.jump_if(R8, "!=", CLOSE, "end")
        self.label("closes")
        self._closes()
        self.jump("report")
        self.label("connects")
        self._by_process()
        self._number()
        self._remember(Kind.CONNECTED)
        self.label("report")

    def _reads(self) -> None:
        self._field(R1, SOCK, "sock", "__sk_common.skc_cookie")
        self.jump_if(R1, "!=", 0, "end")
        self._by_process()
        self._number()
        self._remember(Kind.READ)

    def _closes(self) -> None:
        self._by_process()
        self._number()
        self.map(R1, self._maps.reported)
        self.address(R2, R10, COOKIE_AT)
        self.call(LOOKUP)
        self.jump_if(R0, "!=", 0, "end")
        self._remember(Kind.CLOSED)

    def _by_process(self) -> None:
        """End unless a process holds the lock. The kernel's own processes are nobody's."""
        self._field(R2, SOCK, "sock", "sk_lock.owned", 4)
        self.jump_if(R2, "==", 0, "end")
        self.call(CURRENT)
        self.move(TASK, R0)
        self._field(R2, TASK, "task_struct", "flags", 4)
        self.jump_if(R2, "has", PF_KTHREAD, "end")
        self._field(LEADER, TASK, "task_struct", "group_leader")

    def _number(self) -> None:
        self.move(R1, SOCK)
        self.call(COOKIE)
        self.store(R10, COOKIE_AT, R0)

    def _remember(self, kind: Kind) -> None:
        self.store_value(R10, RECORD_AT, kind, 4)
        self.map(R1, self._maps.reported)
        self.address(R2, R10, COOKIE_AT)
        self.address(R3, R10, COOKIE_AT)  # a value that nobody reads
        self.set(R4, 0)
        self.call(UPDATE)

    def _report(self) -> None:
        """Report the process unless it is known, then that it owns the socket."""
        self._field(R1, TASK, "task_struct", "tgid", 4)
        self.store(R10, PID_AT, R1, 4)
        self.store(R10, RECORD_AT + 4, R1, 4)
        self._field(R1, LEADER, "task_struct", "start_boottime")
        self.store(R10, START_AT, R1)
        self._field(R1, LEADER, "task_struct", "self_exec_id", 4)
        self.store(R10, EXEC_AT, R1)
        self.map(R1, self._maps.known)
        self.address(R2, R10, PID_AT)
        self.call(LOOKUP)
        self.jump_if(R0, "==", 0, "unknown")
        for at, offset in ((START_AT, 0), (EXEC_AT, 8)):
            self.load(R1, R0, offset)
            self.load(R2, R10, at)
            self.jump_if(R1, "!=", R2, "unknown")
        self.jump("owner")
        self.label("unknown")
        self._report_process()
        self.label("owner")
        self._report_owner()

    def _report_process(self) -> None:
        self.map(R1, self._maps.ring)
        self.set(R2, STARTED.size + ARGUMENTS)
        self.set(R3, 0)
        self.call(RESERVE)
        self.jump_if(R0, "!=", 0, "room")
        self._lose()
        self.jump("owner")
        self.label("room")
        self.move(R8, R0)
        self._describe()
        self.move(R1, R8)
        self.set(R2, NO_WAKEUP)
        self.call(SUBMIT)
        self.map(R1, self._maps.known)
        self.address(R2, R10, PID_AT)
        self.address(R3, R10, START_AT)
        self.set(R4, 0)
        self.call(UPDATE)

    def _describe(self) -> None:
        """Write what the process is to R8, in the order of STARTED."""
        self.store_value(R8, 0, Kind.STARTED, 4)
        self.load(R1, R10, PID_AT, 4)
        self.store(R8, 4, R1, 4)
        self.load(R1, R10, START_AT)
        self.store(R8, 8, R1)
        self._field(R2, TASK, "task_struct", "real_parent")
        self._field(R1, R2, "task_struct", "tgid", 4)
        self.store(R8, 16, R1, 4)
        self._field(R1, R2, "task_struct", "cgroups")
        self._field(R3, TASK, "task_struct", "cgroups")
        self.store_value(R8, 28, 1, 4)
        self.jump_if(R1, "==", R3, "together")
        self.store_value(R8, 28, 0, 4)
        self.label("together")
        self._field(R1, TASK, "task_struct", "cred")
        self._field(R1, R1, "cred", "euid", 4)
        self.store(R8, 20, R1, 4)
        self._field(R1, TASK, "task_struct", "nsproxy")
        self._field(R1, R1, "nsproxy", "net_ns")
        self._field(R1, R1, "net", "ns.inum", 4)
        self.store(R8, 24, R1, 4)
        self.call(CGROUP)
        self.store(R8, 32, R0)
        self.address(R1, R8, COMM_AT)
        self.set(R2, COMM_BYTES)
        self.address(R3, LEADER, self._types.offset("task_struct", "comm"))
        self.call(READ_TEXT)
        self._arguments()

    def _arguments(self) -> None:
        """Copy the command line, which is in the process's own memory, as far as there is room."""
        self._field(R1, TASK, "task_struct", "mm")
        self._field(R3, R1, "mm_struct", "arg_start")
        self._field(R2, R1, "mm_struct", "arg_end")
        self.subtract(R2, R3)
        self.store_value(R8, 44, 0, 4)
        self.store(R8, 40, R2, 4)
        self.jump_if(R2, ">", ARGUMENTS, "long")
        self.jump("copy")
        self.label("long")
        self.set(R2, ARGUMENTS)
        self.label("copy")
        self.address(R1, R8, ARGUMENTS_AT)
        self.call(READ_USER)
        self.jump_if(R0, "==", 0, "copied")
        self.store_value(R8, 40, 0, 4)
        self.label("copied")

    def _report_owner(self) -> None:
        self._field(R1, SOCK, "sock", "__sk_common.skc_net")
        self._field(R1, R1, "net", "ns.inum", 4)
        self.store(R10, RECORD_AT + 8, R1, 4)
        self.store_value(R10, RECORD_AT + 12, 0, 4)
        self.load(R1, R10, COOKIE_AT)
        self.store(R10, RECORD_AT + 16, R1)
        self.load(R1, R10, START_AT)
        self.store(R10, RECORD_AT + 24, R1)
        self.map(R1, self._maps.ring)
        self.address(R2, R10, RECORD_AT)
        self.set(R3, OWNED.size)
        self.set(R4, NO_WAKEUP)
        self.call(OUTPUT)
        self.jump_if(R0, "==", 0, "end")
        self._lose()

    def _lose(self) -> None:
        """Count a record that is lost."""
        skip = f"counted {len(self._code)}"
        self.store_value(R10, PID_AT, 0, 4)
        self.map(R1, self._maps.lost)
        self.address(R2, R10, PID_AT)
        self.call(LOOKUP)
        self.jump_if(R0, "==", 0, skip)
        self.set(R1, 1)
        self.count(R0, R1)
        self.label(skip)

    def _field(self, into: R, base: R, struct: str, path: str, width: int = 8) -> None:
        self.load(into, base, self._types.offset(struct, path), width)
