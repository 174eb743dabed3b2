"""What the files of container runtimes hold about a container. Pure: their content in, the names in it out.

Sources: docker's daemon/container (config.v2.json), the OCI runtime specification (config.json: annotations), those of
containerd's and CRI-O's CRI, of nerdctl and of cri-dockerd, containers/storage (containers.json), and the kubelet
(kuberuntime: names of log files).
"""

import re
from typing import Any, NamedTuple

import msgspec

from schemas.text import cut, to_text

_LONGEST = 128  # characters of what people call a container
_LONGEST_IMAGE = 256
_NAME = re.compile(r"[\w.-]{1,253}", re.ASCII)  # of a namespace and a pod: they are parts of ids of nodes
_SERVICES = (
    "com.docker.compose.service",
    "com.docker.swarm.service.name",
    "io.kubernetes.cri.container-name",
    "io.kubernetes.container.name",
    "nerdctl/name",
)
_WITHIN_POD = ("io.kubernetes.cri.container-name", "io.kubernetes.container.name")
_GIVEN = ("nerdctl/name",)
_NAMESPACES = (
    "io.kubernetes.cri.sandbox-namespace",
    "io.kubernetes.pod.namespace",
    "com.docker.compose.project",
    "io.podman.compose.project",
    "com.docker.stack.namespace",
)
_PODS = ("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name")
_IMAGES = ("io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName", "io.kubernetes.cri-o.Image")
_LINK = re.compile(r"([a-z0-9.-]+)_([a-z0-9-]+)_([a-z0-9-]+)-([0-9a-f]{64})\.log")  # /var/log/containers
_LOGS = re.compile(r"([a-z0-9-]+)_([a-z0-9.-]+)_([0-9a-f-]{32,36})")  # /var/log/pods


class _Stored(msgspec.Struct):
    """A container in containers.json."""

    id: str = ""
    names: list[str] | None = None
    metadata: str = ""


class Contained(NamedTuple):
    """The names of a container; "" where nothing has them."""

    name: str = ""  # what people call it: its service in Compose, Swarm or Kubernetes, else the one it was given
    runtime_name: str = ""  # what its runtime calls it
    namespace: str = ""
    pod: str = ""
    image: str = ""

    def filled(self, other: "Contained") -> "Contained":
        """Return these names, and those of another source where there are none."""
        return Contained(*(own or found for own, found in zip(self, other, strict=True)))


UNNAMED = Contained()


def of_docker(content: bytes) -> Contained:
    """Read config.v2.json."""
    state = _json(content)
    config = _part(state, "Config")
    given = _text(state.get("Name")).removeprefix("/") if isinstance(state, dict) else ""
    return _labelled(_part(config, "Labels"), given, _text(config.get("Image"), _LONGEST_IMAGE))


def of_bundle(content: bytes) -> Contained:
    """Read the config.json of an OCI bundle, whose annotations the runtime has set."""
    annotations = _part(_json(content), "annotations")
    return _labelled(annotations, "", _first(annotations, _IMAGES, _LONGEST_IMAGE))


def host_name(content: bytes) -> str:
    """Return the host name in the config.json of an OCI bundle."""
    state = _json(content)
    return _plain(state.get("hostname")) if isinstance(state, dict) else ""


def of_storage(content: bytes, container: str) -> Contained:
    """Read what containers.json has on a container: names[0], and as its metadata another JSON."""
    for one in _stored(content):
        if one.id == container:
            metadata = _json(one.metadata.encode("utf-8", "surrogatepass"))
            image = metadata.get("image-name") if isinstance(metadata, dict) else ""
            name = next((_text(name) for name in one.names or ()), "")
            return Contained(name, name, image=_text(image, _LONGEST_IMAGE))
    return UNNAMED


def id_of(content: bytes, name: str) -> str:
    """Return the id of the container that has a name in containers.json."""
    return next((one.id for one in _stored(content) if one.names == [name] and one.id.isalnum()), "")


def of_link(link: str, container: str) -> Contained:
    """Read the name of a link in /var/log/containers: POD_NAMESPACE_CONTAINER-ID.log."""
    match = _LINK.fullmatch(link)
    if not match or match[4] != container:
        return UNNAMED
    return Contained(match[3], match[3], match[2], match[1])


def of_logs(folder: str, pod: str) -> Contained:
    """Read the name of a folder in /var/log/pods: NAMESPACE_POD_UID."""
    match = _LOGS.fullmatch(folder)
    return Contained(namespace=match[1], pod=match[2]) if match and match[3] == pod else UNNAMED


def data_root(content: bytes) -> str:
    """Return where Docker keeps its containers, by its daemon.json; "" for where it does by itself."""
    state = _json(content)
    return _text(state.get("data-root")).strip("/") if isinstance(state, dict) else ""


def _labelled(labels: dict[str, Any], given: str, image: str) -> Contained:
    return Contained(
        name=_first(labels, _SERVICES) or given,
        runtime_name=_first(labels, _WITHIN_POD) or given or _first(labels, _GIVEN),
        namespace=next((name for label in _NAMESPACES if (name := _plain(labels.get(label)))), ""),
        pod=next((name for label in _PODS if (name := _plain(labels.get(label)))), ""),
        image=image,
    )


def _stored(content: bytes) -> list[_Stored]:
    try:
        return msgspec.json.decode(content or b"[]", type=list[_Stored])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def _json(content: bytes) -> Any:
    """Return the content of a file; nothing when it is no JSON."""
    try:
        return msgspec.json.decode(content or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _part(state: Any, name: str) -> dict[str, Any]:
    part = state.get(name) if isinstance(state, dict) else None
    return part if isinstance(part, dict) else {}


def _first(labels: dict[str, Any], names: tuple[str, ...], most: int = _LONGEST) -> str:
    return next((found for name in names if (found := _text(labels.get(name), most))), "")


def _text(value: Any, most: int = _LONGEST) -> str:
    return cut(to_text(value.encode("utf-8", "surrogatepass")), most) if isinstance(value, str) else ""


def _plain(value: Any) -> str:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else ""
