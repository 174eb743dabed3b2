"""What people call a container: its service's name in Compose, Swarm or Kubernetes, else the one it was given.

Read from the files in which the runtimes keep what runs; nothing is asked of a runtime. Sources: docker's
daemon/container (config.v2.json), the OCI runtime specification (config.json: annotations), containers/storage.
"""

from typing import Any

import msgspec

from collectors.procfs import read_file
from schemas.text import cut, to_text

MOST_BYTES = 1 << 20
MOST_KNOWN = 4_096  # containers
TRIES = 3  # then a container without a name is looked for no more
_LONGEST = 128  # characters
_LABELS = (
    "com.docker.compose.service",
    "com.docker.swarm.service.name",
    "io.kubernetes.cri.container-name",
    "io.kubernetes.container.name",
    "nerdctl/name",
)
_DOCKER = "var/lib/docker/containers/{}/config.v2.json"
_BUNDLES = (
    "run/containerd/io.containerd.runtime.v2.task/k8s.io/{}/config.json",
    "run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/{}/config.json",
    "run/containerd/io.containerd.runtime.v2.task/default/{}/config.json",
    "run/containers/storage/overlay-containers/{}/userdata/config.json",
)
_PODMAN = "var/lib/containers/storage/overlay-containers/containers.json"


class ContainerNames:
    """Looks names up, once a container. The agent may itself be in one: the host's files are below pid 1's root."""

    def __init__(self, proc: str) -> None:
        self._roots = (f"{proc}/1/root", "")
        self._names: dict[str, str] = {}
        self._tries: dict[str, int] = {}

    def name(self, container: str) -> str:
        """Return the name of a container; "" when no file has one, or its id is no id."""
        if not container.isalnum():  # a name already, and none may lead elsewhere
            return ""
        known = self._names.get(container)
        if known is not None or self._tries.get(container, 0) >= TRIES:
            return known or ""
        if len(self._names) + len(self._tries) > MOST_KNOWN:
            self._names.clear()
            self._tries.clear()
        found = next((name for root in self._roots if (name := _look(root, container))), "")
        if found:
            self._names[container] = found
        else:
            self._tries[container] = self._tries.get(container, 0) + 1
        return found


def _look(root: str, container: str) -> str:
    state = _json(f"{root}/{_DOCKER.format(container)}")
    if isinstance(state, dict):
        return _labelled(_part(_part(state, "Config"), "Labels")) or _text(state.get("Name")).removeprefix("/")
    for bundle in _BUNDLES:
        if name := _labelled(_part(_json(f"{root}/{bundle.format(container)}"), "annotations")):
            return name
    listed = _json(f"{root}/{_PODMAN}")
    of_it = (
        one
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, dict) and one.get("id") == container
    )
    names = next((one.get("names") for one in of_it), None)
    return _text(names[0]) if isinstance(names, list) and names else ""


def _json(path: str) -> Any:
    """Return the content of a file; nothing when it is not there, not ours to read, or no JSON."""
    try:
        return msgspec.json.decode(read_file(path, MOST_BYTES) or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _part(state: Any, name: str) -> dict[str, Any]:
    part = state.get(name) if isinstance(state, dict) else None
    return part if isinstance(part, dict) else {}


def _labelled(labels: dict[str, Any]) -> str:
    return next((name for label in _LABELS if (name := _text(labels.get(label)))), "")


def _text(value: Any) -> str:
    return cut(to_text(value.encode("utf-8", "surrogatepass")), _LONGEST) if isinstance(value, str) else ""
