"""Look up what a container is called, by the files in which the runtimes keep what runs.

Nothing is asked of a runtime. Some of the files are those of users (rootless runtimes). A user may write anything into
them, and name its cgroups as it likes. So its containers have names and an image, but no namespace and no named pod:
they would join the containers of others.
"""

import os
from collections.abc import Collection, Iterator

from collectors.capabilities import needed
from collectors.cgroups import pod_of, user_of
from collectors.container_files import (
    UNNAMED,
    Contained,
    data_root,
    host_name,
    id_of,
    of_bundle,
    of_docker,
    of_link,
    of_logs,
    of_storage,
)
from collectors.observed import Observed
from collectors.process_facts import MOST_PASSWD

WHAT = "names of containers"
MOST_KNOWN = 4_096  # containers
TRIES = 3  # then a container without a name is looked for no more
MOST_BYTES = 1 << 20
MOST_STORED = 4 << 20  # bytes of the list of all containers of Podman and CRI-O, a kilobyte each
MOST_OF_USER = 256 << 10  # bytes of a file that a user may write anew for every process
MOST_LINKS = 4_096  # in a folder of logs
MOST_NAMESPACES = 32  # of a containerd
MOST_FOLDERS = 3  # that are named as not readable
SHORT = 12  # characters of the id of a pod without a name

_DOCKER = ("var/lib/docker", "var/snap/docker/common/var-lib-docker")
_DAEMON = "etc/docker/daemon.json"
_CONTAINERD = ("run/containerd", "run/k3s/containerd", "run/k0s/containerd", "var/snap/microk8s/common/run/containerd")
_TASKS = ("io.containerd.runtime.v2.task", "io.containerd.runtime.v1.linux")
_STORAGES = ("overlay-containers", "vfs-containers", "btrfs-containers")
_RUN, _KEPT = "run/containers/storage", "var/lib/containers/storage"
_LINKS, _LOGS = "var/log/containers", "var/log/pods"

_Key = tuple[str, int]  # its id, and the user whose runtime runs it: a user may give a container any id


class Containers:
    """Looks containers up, each once. The agent may itself be in one: the host's files are below pid 1's root."""

    def __init__(self, proc: str) -> None:
        host = f"{proc}/1/root"
        self._reached = os.path.isdir(f"{host}/")  # noqa: PTH112 - Path would drop the slash that follows the link
        self._roots = (host, "") if self._reached else ("",)
        self._known: dict[_Key, Contained] = {}
        self._tries: dict[_Key, int] = {}
        self._unnamed: set[_Key] = set()
        self.files = Observed()

    def find(self, container: str, cgroup: str) -> Contained:
        """Return the names of a container; those that no file has are empty, all of them if its id is no id."""
        if not container.isalnum():  # a name already, and none may lead elsewhere
            return UNNAMED
        key = container, user_of(cgroup)
        known = self._known.get(key)
        if known is not None and (known.runtime_name or self._tries[key] >= TRIES):
            return known
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
            self._tries.clear()
            self._unnamed.clear()
        found = UNNAMED
        for root in self._roots:
            found = found.filled(self._look(root, container, cgroup))
            if found.runtime_name:
                break
        (self._unnamed.discard if found.runtime_name or found.pod else self._unnamed.add)(key)
        pod = pod_of(cgroup)
        found = found.filled(Contained(pod=pod.id if pod.kubernetes else pod.id[:SHORT]))
        self._known[key], self._tries[key] = found, self._tries.get(key, 0) + 1
        return found

    def keep(self, containers: Collection[str]) -> None:
        """Forget all other containers: they have ended."""
        for key in [key for key in self._known if key[0] not in containers]:
            del self._known[key], self._tries[key]
            self._unnamed.discard(key)

    def missing(self) -> dict[str, str]:
        """Return what is missing to name the containers that were seen."""
        needs = ""
        if self.files.denied:
            folders = ", ".join(sorted(self.files.denied)[:MOST_FOLDERS])
            needs = f"{needed('CAP_DAC_READ_SEARCH')}, to read {folders}"
        elif not self._reached:
            needs = f"{needed('CAP_SYS_PTRACE')}, to read the host's files by /proc/1/root"
        return {WHAT: needs} if self._unnamed and needs else {}

    def _look(self, root: str, container: str, cgroup: str) -> Contained:
        found = UNNAMED
        user = user_of(cgroup)
        sources = self._of_user(root, container, user) if user else self._of_host(root, container)
        for one in sources:
            found = found.filled(one._replace(namespace="", pod="") if user else one)
            if found.runtime_name:
                break
        return found if found.pod or user else found.filled(self._pod(root, cgroup))

    def _of_host(self, root: str, container: str) -> Iterator[Contained]:
        read = self.files.read
        elsewhere = data_root(read(root, _DAEMON, MOST_BYTES))
        for folder in dict.fromkeys((*_DOCKER, elsewhere or _DOCKER[0])):
            yield of_docker(read(root, f"{folder}/containers/{container}/config.v2.json", MOST_BYTES))
        for base in _CONTAINERD:
            for tasks in _TASKS:
                for namespace in self.files.names(root, f"{base}/{tasks}", MOST_NAMESPACES):
                    yield of_bundle(read(root, f"{base}/{tasks}/{namespace}/{container}/config.json", MOST_BYTES))
        for storage in _STORAGES:
            yield of_bundle(read(root, f"{_RUN}/{storage}/{container}/userdata/config.json", MOST_BYTES))
            yield of_storage(read(root, f"{_KEPT}/{storage}/containers.json", MOST_STORED), container)
        for link in self.files.names(root, _LINKS, MOST_LINKS):
            yield of_link(link, container)

    def _of_user(self, root: str, container: str, user: int) -> Iterator[Contained]:
        home = self._home(root, user)
        for storage in _STORAGES:
            bundle = f"run/user/{user}/containers/{storage}/{container}/userdata/config.json"
            yield of_bundle(self.files.read(root, bundle, MOST_OF_USER, user))
            listed = f"{home}/.local/share/containers/storage/{storage}/containers.json"
            yield of_storage(self.files.read(root, listed, MOST_OF_USER, user), container)
        state = f"{home}/.local/share/docker/containers/{container}/config.v2.json"
        yield of_docker(self.files.read(root, state, MOST_OF_USER, user))

    def _home(self, root: str, user: int) -> str:
        for line in self.files.read(root, "etc/passwd", MOST_PASSWD).split(b"\n"):
            fields = line.split(b":")
            if len(fields) >= 6 and fields[2] == b"%d" % user:
                return os.fsdecode(fields[5]).strip("/")
        return f"home/{user}"

    def _pod(self, root: str, cgroup: str) -> Contained:
        """Return the names of the pod in a cgroup path."""
        pod = pod_of(cgroup)
        if not pod.id:
            return UNNAMED
        if pod.kubernetes:
            found = (of_logs(folder, pod.id) for folder in self.files.names(root, _LOGS, MOST_LINKS))
            return next((one for one in found if one.pod), UNNAMED)
        # Podman names the host in a pod after it, and its first container by the pod's id.
        for storage in _STORAGES:
            listed = self.files.read(root, f"{_KEPT}/{storage}/containers.json", MOST_STORED)
            infra = id_of(listed, f"{pod.id[:SHORT]}-infra")
            if infra:
                bundle = f"{_RUN}/{storage}/{infra}/userdata/config.json"
                return Contained(pod=host_name(self.files.read(root, bundle, MOST_BYTES)))
        return UNNAMED
