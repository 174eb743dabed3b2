"""What a process's cgroup path tells: the container and the systemd unit it runs in."""

import re

from schemas.text import to_bytes, to_text

# A scope or folder named after the container. The runtimes' monitors (crio-conmon-….scope) are in no container.
_RUNTIMES = "docker|cri-containerd|containerd|crio|libpod|podman|nerdctl"
_SCOPED = re.compile(rf"^(?:{_RUNTIMES})-([0-9a-f]{{12,64}})(?:\.scope)?$")
_BARE = re.compile(r"^(?:[a-z0-9.-]+:)*([0-9a-f]{64})$")
_POD_TASK = re.compile(r"^([0-9a-f]{32}-\d+)$")  # containerd on ECS
_LXC = re.compile(r"^lxc\.payload(?:\.(.+))?$")
_MACHINE = re.compile(r"^(?:systemd-nspawn@(.+)\.service|machine-(.+)\.scope)$")
_V1_WORTH = ("name=systemd", "systemd", "memory", "pids", "cpu", "cpu,cpuacct", "devices")


def parse_cgroup(raw: bytes) -> str:
    """Return the path in /proc/PID/cgroup: that of v2, or where that is / (hybrid hosts), the most telling of v1."""
    paths = {}
    for line in raw.split(b"\n"):
        _, _, named = line.partition(b":")
        controllers, _, path = named.partition(b":")
        if path:
            paths[to_text(controllers)] = to_text(path)
    unified = paths.get("", "/")
    if unified != "/":
        return unified
    return next((paths[name] for name in _V1_WORTH if paths.get(name, "/") != "/"), unified)


def container_of(path: str) -> str:
    """Return the innermost container in a cgroup path: its id, of lxc and nspawn its name, "" outside of any."""
    parts = path.split("/")
    for index in range(len(parts) - 1, -1, -1):
        part = parts[index]
        if match := _SCOPED.match(part) or _BARE.match(part) or _POD_TASK.match(part):
            return match[1]
        if match := _LXC.match(part):
            return match[1] or (parts[index + 1] if index + 1 < len(parts) else "")
        if part and index and parts[index - 1] == "lxc":
            return part
        if match := _MACHINE.match(part):
            return _unescape(match[1] or match[2])
    return ""


def unit_of(path: str) -> str:
    """Return the innermost systemd service in a cgroup path; "" when there is none.

    A user's manager (user@1000.service) is the answer only for what belongs to no service of that user.
    """
    services = [part for part in path.split("/") if part.endswith(".service")]
    return _unescape(services[-1]) if services else ""


def _unescape(name: str) -> str:
    """Undo systemd's escaping of bytes, \\x2d for a dash (systemd-escape(1))."""
    return to_text(re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), to_bytes(name)))
