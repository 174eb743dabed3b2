"""Start a program of the operator's and end all that it starts, from a process between the agent and it.

    python -I -S discover_start.py AGENT SECONDS UID GID GROUPS PROGRAM

Threads of the agent may hold locks when it forks, so nothing of Python may run between its fork and an exec. In this
process it may. The program has the least priority, is the first that the kernel kills when memory is short, and gets
no more rights than its user has.

This process waits for the program, and exits as it does. Then, on SIGTERM, and when the agent has ended, it kills what
is left. Where that is allowed, the program runs in a pid namespace. The first process there is ours, so the program
cannot outlive it: the kernel kills the others with it. Elsewhere all that lose their parent become children of this
process (PR_SET_CHILD_SUBREAPER), which kills them one by one. If it cannot, it ends by SIGKILL instead of an exit code.
"""

import ctypes
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

CLONE_NEWPID = 0x20000000  # include/uapi/linux/sched.h
SET_PDEATHSIG, SET_CHILD_SUBREAPER, SET_NO_NEW_PRIVS = 1, 36, 38  # include/uapi/linux/prctl.h
CAP_AMBIENT, AMBIENT_CLEAR_ALL = 47, 4
MEMORY_BYTES = 96 << 20  # of each process; deploy/servicemap-agent.service has 256 MiB for the agent and all of them
LIMITS = {
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_DATA: MEMORY_BYTES,
    resource.RLIMIT_FSIZE: 16 << 20,
    resource.RLIMIT_NPROC: 512,  # of all processes of the user
    resource.RLIMIT_NOFILE: 256,
}
CANNOT = 126  # exit code where the program could not be started, as of a shell
PATIENCE_S = 3.0  # for what was killed to end; the agent waits longer
LIBC = ctypes.CDLL(None, use_errno=True)


def start(agent: int, seconds: int, uid: int, gid: int, groups: list[int], program: str) -> None:
    """Run a program as a user, as the agent's own with a negative `uid`, and end this process after it."""
    signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGTERM, signal.SIGCHLD})  # for `wait`
    LIBC.prctl(SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    LIBC.prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if os.getppid() != agent:  # it has ended already
        return
    isolated = LIBC.unshare(CLONE_NEWPID) == 0  # of the children
    child = os.fork()
    if not child and isolated:  # the first process of the namespace: it keeps our user, so this signal stays set
        LIBC.prctl(SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        child = os.fork()
        if child:
            os._exit(wait(child))
    if not child:
        execute(seconds, uid, gid, groups, program)
    code = wait(child)
    if not end_children():
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(code)


def wait(child: int) -> int:
    """Wait until a child ends, or for SIGTERM; return the exit code as a shell has it."""
    while signal.sigwait({signal.SIGTERM, signal.SIGCHLD}) != signal.SIGTERM:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == child:
                    code = os.waitstatus_to_exitcode(ended[1])
                    return code if code >= 0 else 128 - code
    return 128 + signal.SIGTERM


def end_children() -> bool:
    """Kill the children, and those who become children by that; return whether none is left."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        for child in children():
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)
        time.sleep(0.001)
    return False


def children() -> list[int]:
    """Return the processes whose parent this one is."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_bytes().rpartition(b")")[2].split()[1]) == os.getpid():
                found.append(int(path.parent.name))
    return found


def execute(seconds: int, uid: int, gid: int, groups: list[int], program: str) -> NoReturn:
    """Become the program. OSError where that is not possible."""
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python
        signal.signal(ignored, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    for what, limit in {**LIMITS, resource.RLIMIT_CPU: seconds + 1}.items():
        hard = resource.getrlimit(what)[1]
        lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (lowest, lowest))
    if uid >= 0:
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    LIBC.prctl(CAP_AMBIENT, AMBIENT_CLEAR_ALL, 0, 0, 0)
    LIBC.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    LIBC.prctl(SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # after the change of user, which unsets it
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
