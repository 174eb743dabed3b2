"""What a process's cgroup path shows: the container and the systemd unit it runs in."""

import re
from typing import NamedTuple

from schemas.text import to_bytes, to_text

# A scope or folder named after the container. The runtimes' monitors (crio-conmon-….scope) are in no container.
_RUNTIMES = "docker|cri-containerd|containerd|crio|libpod|podman|nerdctl"
_SCOPED = re.compile(rf"^(?:{_RUNTIMES})-([0-9a-f]{{12,64}})(?:\.scope)?$")
_BARE = re.compile(r"^(?:[\w.-]+:)*([0-9a-f]{64})$")  # kubepods-….slice:cri-containerd:ID below containerd's own unit
_POD_TASK = re.compile(r"^([0-9a-f]{32}-\d+)$")  # containerd on ECS
_SPLIT = re.compile(r"^libpod-payload-([0-9a-f]{64})$")  # podman within the unit that starts the container
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ALLOCATION = re.compile(rf"^({_UUID}\.[^/]+?)\.scope$")  # nomad: allocation and task,
_ALLOCATED = re.compile(rf"^({_UUID}(?:[.-][^/]+)?)$")  # below one of these where there is no systemd
_NOMAD = {"nomad", "share", "reserve", "reserved", "shared"}
_GARDEN = re.compile(rf"^({_UUID}|[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{4}})$")
_LXC = re.compile(r"^lxc\.payload(?:\.(.+))?$")
_MACHINE = re.compile(r"^(?:systemd-nspawn@(.+)\.service|machine-(?:(?:qemu|lxc)\\x2d\d+\\x2d)?(.+)\.scope)$")
_LIBVIRT = re.compile(r"^(.+)\.libvirt-(?:lxc|qemu)$")
_UID = r"[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}"
# Of a pod of Kubernetes its uid (a static one's is a hash), of one of Podman its id.
_POD = re.compile(rf"[/-]pod({_UID}|[0-9a-f]{{32}})(?:\.slice)?[:/]")
_POD_OF_PODMAN = re.compile(r"/(?:[\w-]*libpod_pod_([0-9a-f]{64})\.slice|libpod_parent/([0-9a-f]{64}))/libpod-")
_USER = re.compile(r"/user@(\d{1,10})\.service/")
_V1_WORTH = ("name=systemd", "systemd", "memory", "pids", "cpu", "cpu,cpuacct", "devices")


def parse_cgroup(raw: bytes) -> str:
    """Return the path in /proc/PID/cgroup: that of v2, or on hybrid hosts, where that is /, the best one of v1."""
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
    return next((found for at in range(len(parts) - 1, -1, -1) if (found := _container(parts, at))), "")


class Pod(NamedTuple):
    """The pod of a container."""

    id: str = ""
    kubernetes: bool = False


def pod_of(path: str) -> Pod:
    """Return the innermost pod in the cgroup path of a container."""
    if found := _POD.findall(path):
        return Pod(found[-1].replace("_", "-"), kubernetes=True)
    found = _POD_OF_PODMAN.findall(path)
    return Pod("".join(found[-1])) if found else Pod()


def user_of(path: str) -> int:
    """Return the user whose own manager runs a container (a rootless runtime); 0 for the host's."""
    found = _USER.search(path)
    return int(found[1]) if found else 0


def unit_of(path: str) -> str:
    """Return the systemd service in a cgroup path, read from the inside out; "" when there is none.

    What is around a container is its runtime's, unless the container runs within the unit that started it. A user's
    manager (user@1000.service) is the answer only for what belongs to no service of that user.
    """
    parts = path.split("/")
    for at in range(len(parts) - 1, -1, -1):
        if _container(parts, at):
            if not _SPLIT.match(parts[at]):
                return ""
        elif parts[at].endswith(".service"):
            return _unescape(parts[at])
    return ""


def _container(parts: list[str], at: int) -> str:
    """Return the container that a part of a path is named after; "" for one that is not."""
    part, above = parts[at], parts[at - 1] if at else ""
    if match := _SCOPED.match(part) or _BARE.match(part) or _POD_TASK.match(part) or _SPLIT.match(part):
        return match[1]
    if (
        match := _ALLOCATION.match(part)
        or (_ALLOCATED.match(part) if above in _NOMAD else None)
        or _LIBVIRT.match(part)
    ):
        return match[1]
    if match := _LXC.match(part):
        return match[1] or (parts[at + 1] if at + 1 < len(parts) else "")
    if part and (above == "lxc" or (above == "garden" and _GARDEN.match(part))):
        return part
    match = _MACHINE.match(part)
    return _unescape(match[1] or match[2]) if match else ""


def _unescape(name: str) -> str:
    """Undo systemd's escaping of bytes, \\x2d for a dash (systemd-escape(1))."""
    return to_text(re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), to_bytes(name)))
