"""What container runtimes leave of a container on its host: a path of control groups, and files with its names."""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

STORED = "lib/containers/storage/overlay-containers/containers.json"  # of Podman, for all its containers


class Runtime(NamedTuple):
    """How one runtime lays out a container: by its id and what people call it."""

    groups: tuple[str, ...]
    file: str = ""
    content: Any = None


def docker(name: str) -> Runtime:
    """Return what Docker leaves, with its cgroupfs driver."""
    id_ = identity(name)
    return Runtime(("docker", id_), f"lib/docker/containers/{id_}/config.v2.json", {"Name": f"/{name}", "Config": {}})


def pod(name: str) -> Runtime:
    """Return what containerd leaves of a pod with one container, with the systemd driver."""
    id_ = identity(name)
    uid = f"{id_[:8]}_{id_[8:12]}_{id_[12:16]}_{id_[16:20]}_{id_[20:32]}"
    annotations = {
        "io.kubernetes.cri.container-name": "app",
        "io.kubernetes.cri.sandbox-name": name,
        "io.kubernetes.cri.sandbox-namespace": "shop",
    }
    return Runtime(
        ("kubepods.slice", f"kubepods-pod{uid}.slice", f"cri-containerd-{id_}.scope"),
        f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{id_}/config.json",
        {"annotations": annotations},
    )


def podman(name: str) -> Runtime:
    """Return what Podman leaves, apart from its list of containers."""
    return Runtime(("machine.slice", f"libpod-{identity(name)}.scope"))


RUNTIMES = (docker, pod, podman)


def identity(name: str) -> str:
    """Return the id of a container."""
    return hashlib.sha256(name.encode()).hexdigest()


def write(folder: Path, runtimes: list[Runtime], of_podman: list[str]) -> None:
    """Write the files into a folder, as /var/lib and /run have them."""
    stored = json.dumps([{"id": identity(name), "names": [name]} for name in of_podman])
    files = {one.file: json.dumps(one.content) for one in runtimes if one.file} | {STORED: stored}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
