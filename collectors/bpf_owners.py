"""Report which process connects, reads or closes a TCP socket first, and what that process is.

While a process holds the lock of a socket, nobody else works on it. What the kernel does for a packet, on whichever CPU
takes it and whatever process that interrupts, it does without this lock (net/core/sock.c, lock_sock_nested). So only
where the lock is held a process is named.

A socket gets its number, the cookie, when somebody first asks for it. As long as it has none, nobody has reported it.
So reading is reported once, at the price of one look per read. Who closes a socket is reported if nothing was before.
"""

from collectors.bpf_code import (
    CGROUP,
    COOKIE_AT,
    CURRENT,
    EXEC_AT,
    NO_WAKEUP,
    OWNED_AT,
    PID_AT,
    R0,
    R1,
    R2,
    R3,
    R7,
    R8,
    R9,
    R10,
    READ_TEXT,
    READ_USER,
    RESERVE,
    SOCK,
    START_AT,
    SUBMIT,
    Code,
)
from collectors.traced import ARGUMENTS, ARGUMENTS_AT, COMM_AT, COMM_BYTES, OWNED, STARTED, Kind

TASK, LEADER = R7, R9  # registers that keep these
PF_KTHREAD = 0x0020_0000  # include/linux/sched.h


class Owners(Code):
    """Instructions that report owners. They go on at the label `end` where there is none."""

    def connects(self) -> None:
        """Find out who connects."""
        self._by_process()
        self.number()
        self._remember(Kind.CONNECTED)

    def reads(self) -> None:
        """Find out who reads, if nobody was reported."""
        self.field(R1, SOCK, "sock", "__sk_common.skc_cookie")
        self.jump_if(R1, "!=", 0, "end")
        self._by_process()
        self.number()
        self._remember(Kind.READ)

    def closes(self) -> None:
        """Find out who closes, if nobody was reported."""
        self._by_process()
        self.number()
        self.look_up(self.maps.reported, COOKIE_AT)
        self.jump_if(R0, "!=", 0, "end")
        self._remember(Kind.CLOSED)

    def report(self) -> None:
        """Report the process unless it is known, then that it owns the socket."""
        self.field(R1, TASK, "task_struct", "tgid", 4)
        self.store(R10, PID_AT, R1, 4)
        self.store(R10, OWNED_AT + 4, R1, 4)
        self.field(R1, LEADER, "task_struct", "start_boottime")
        self.store(R10, START_AT, R1)
        self.field(R1, LEADER, "task_struct", "self_exec_id", 4)
        self.store(R10, EXEC_AT, R1)
        self.look_up(self.maps.known, PID_AT)
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

    def _by_process(self) -> None:
        """End unless a process holds the lock. The kernel's own processes are nobody's."""
        self.field(R2, SOCK, "sock", "sk_lock.owned", 4)
        self.jump_if(R2, "==", 0, "end")
        self.call(CURRENT)
        self.move(TASK, R0)
        self.field(R2, TASK, "task_struct", "flags", 4)
        self.jump_if(R2, "has", PF_KTHREAD, "end")
        self.field(LEADER, TASK, "task_struct", "group_leader")

    def _remember(self, kind: Kind) -> None:
        """Remember what was reported of the socket. A value has 8 bytes, of which the kind is the first 4."""
        self.store_value(R10, OWNED_AT, kind, 4)
        self.store_value(R10, OWNED_AT + 4, 0, 4)
        self.update(self.maps.reported, COOKIE_AT, OWNED_AT)

    def _report_process(self) -> None:
        self.map(R1, self.maps.ring)
        self.set(R2, STARTED.size + ARGUMENTS)
        self.set(R3, 0)
        self.call(RESERVE)
        self.jump_if(R0, "!=", 0, "room")
        self.lose()
        self.jump("owner")
        self.label("room")
        self.move(R8, R0)
        self._describe()
        self._arguments()
        self.move(R1, R8)
        self.set(R2, NO_WAKEUP)
        self.call(SUBMIT)
        self.update(self.maps.known, PID_AT, START_AT)

    def _describe(self) -> None:
        """Write what the process is to R8, in the order of STARTED."""
        self.store_value(R8, 0, Kind.STARTED, 4)
        self.load(R1, R10, PID_AT, 4)
        self.store(R8, 4, R1, 4)
        self.load(R1, R10, START_AT)
        self.store(R8, 8, R1)
        self.field(R2, TASK, "task_struct", "real_parent")
        self.field(R1, R2, "task_struct", "tgid", 4)
        self.store(R8, 16, R1, 4)
        self.field(R1, R2, "task_struct", "cgroups")
        self.field(R3, TASK, "task_struct", "cgroups")
        self.store_value(R8, 28, 1, 4)
        self.jump_if(R1, "==", R3, "together")
        self.store_value(R8, 28, 0, 4)
        self.label("together")
        self.field(R1, TASK, "task_struct", "cred")
        self.field(R1, R1, "cred", "euid", 4)
        self.store(R8, 20, R1, 4)
        self.field(R1, TASK, "task_struct", "nsproxy")
        self.field(R1, R1, "nsproxy", "net_ns")
        self.field(R1, R1, "net", "ns.inum", 4)
        self.store(R8, 24, R1, 4)
        self.call(CGROUP)
        self.store(R8, 32, R0)
        self.address(R1, R8, COMM_AT)
        self.set(R2, COMM_BYTES)
        self.address(R3, LEADER, self.types.offset("task_struct", "comm"))
        self.call(READ_TEXT)

    def _arguments(self) -> None:
        """Copy the command line, which is in the process's own memory, as far as there is room."""
        self.field(R1, TASK, "task_struct", "mm")
        self.field(R3, R1, "mm_struct", "arg_start")
        self.field(R2, R1, "mm_struct", "arg_end")
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
        self.field(R1, SOCK, "sock", "__sk_common.skc_net")
        self.field(R1, R1, "net", "ns.inum", 4)
        self.store(R10, OWNED_AT + 8, R1, 4)
        self.store_value(R10, OWNED_AT + 12, 0, 4)
        self.load(R1, R10, PID_AT, 4)
        self.store(R10, OWNED_AT + 4, R1, 4)
        self.load(R1, R10, COOKIE_AT)
        self.store(R10, OWNED_AT + 16, R1)
        self.load(R1, R10, START_AT)
        self.store(R10, OWNED_AT + 24, R1)
        self.output(OWNED_AT, OWNED.size)
