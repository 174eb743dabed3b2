"""The capabilities of this process (capabilities(7)): what an agent that was refused something needs."""

from pathlib import Path

BITS = {  # include/uapi/linux/capability.h
    "CAP_DAC_READ_SEARCH": 2,
    "CAP_SETGID": 6,
    "CAP_SETUID": 7,
    "CAP_NET_ADMIN": 12,
    "CAP_NET_RAW": 13,
    "CAP_SYS_PTRACE": 19,
    "CAP_SYS_ADMIN": 21,
    "CAP_SYSLOG": 34,
    "CAP_PERFMON": 38,
    "CAP_BPF": 39,
}
_STATUS = Path("/proc/thread-self/status")
MODULE = "permission from a security module (AppArmor, SELinux, Landlock or seccomp), which refuses it in spite of"


def lacking(*names: str) -> list[str]:
    """Return those of some capabilities that this thread does not have."""
    held = next((int(line[7:], 16) for line in _STATUS.read_text().splitlines() if line.startswith("CapEff:")), 0)
    return [name for name in names if not held >> BITS[name] & 1]


def needed(*names: str) -> str:
    """Return what is needed by who was refused something for which the kernel asks for some capabilities."""
    missing = lacking(*names)
    return f"{' and '.join(missing)} (run as root)" if missing else f"{MODULE} {' and '.join(names)}"
