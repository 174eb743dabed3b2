"""Become a program of the operator's: the last steps between the agent and it, in a process of their own.

    python -I -S discover_start.py AGENT SECONDS UID GID GROUPS PROGRAM

Threads of the agent may hold locks when it forks, so nothing of Python may run between its fork and an exec. In this
process it may. The program has the least priority, is the first that the kernel kills when memory is short, and gets
no more rights than its user has. It is the first process of a pid namespace where that is allowed: when it ends, the
kernel ends all that it has started, also what has left its process group. It ends with the agent, however that ends.
"""

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

CLONE_NEWPID = 0x20000000  # include/uapi/linux/sched.h
SET_PDEATHSIG, SET_NO_NEW_PRIVS, CAP_AMBIENT, AMBIENT_CLEAR_ALL = 1, 38, 47, 4  # include/uapi/linux/prctl.h
MEMORY_BYTES = 512 << 20
LIMITS = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_DATA: MEMORY_BYTES,
    resource.RLIMIT_FSIZE: 16 << 20,
    resource.RLIMIT_NPROC: 512,  # of all processes of the user
    resource.RLIMIT_NOFILE: 256,
}
CANNOT = 126  # exit code where the program could not be started, as of a shell


def start(agent: int, seconds: int, uid: int, gid: int, groups: list[int], program: str) -> None:
    """Execute a program as a user; as the agent's own with a negative `uid`. OSError where that is not possible."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != agent:  # it has ended already
        return
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python
        signal.signal(ignored, signal.SIG_DFL)
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    for what, limit in {**LIMITS, resource.RLIMIT_CPU: seconds + 1}.items():
        hard = resource.getrlimit(what)[1]
        lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (lowest, lowest))
    if libc.unshare(CLONE_NEWPID) == 0:  # of the children: this process waits for the one
        child = os.fork()
        if child:
            _, status = os.waitpid(child, 0)
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)  # as a shell has it
    if uid >= 0:
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    libc.prctl(CAP_AMBIENT, AMBIENT_CLEAR_ALL, 0, 0, 0)
    libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # anew: another user, or another process
    os.execve(program, [program], dict(os.environ))


if __name__ == "__main__":
    _agent, _seconds, _uid, _gid, _groups, _program = sys.argv[1:]
    _others = [int(each) for each in _groups.split(",") if each]
    try:
        start(int(_agent), int(_seconds), int(_uid), int(_gid), _others, _program)
    except OSError as error:
        sys.stderr.write(f"it could not be started: {error.strerror}\n")
        sys.stderr.flush()
    os._exit(CANNOT)
