"""A container has the names that its runtime keeps in files: its own, its pod's, its namespace's and its image's."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from collectors import containers
from collectors.capabilities import needed
from collectors.container_files import Contained
from collectors.containers import MOST_OF_USER, TRIES, Containers

ID, INFRA, POD = "3f2a" * 16, "ab12" * 16, "c0de" * 16
UID = "1b2c3d4e-0000-1111-2222-333344445555"
BUNDLE = f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json"
CRIO = f"run/containers/storage/overlay-containers/{ID}/userdata/config.json"
DOCKER = f"var/lib/docker/containers/{ID}/config.v2.json"
PODMAN = "var/lib/containers/storage/overlay-containers/containers.json"
LINK = f"var/log/containers/cart-0_shop_app-{ID}.log"
DOCKER_PATH = f"/system.slice/docker-{ID}.scope"
KUBERNETES = f"/kubepods.slice/kubepods-pod{UID.replace('-', '_')}.slice/cri-containerd-{ID}.scope"
PODMAN_POD = f"/machine.slice/machine-libpod_pod_{POD}.slice/libpod-{ID}.scope"
OWNER = os.geteuid() or 1000
OF_USER = f"/user.slice/user-{OWNER}.slice/user@{OWNER}.service/user.slice/libpod-{ID}.scope/container"
METADATA = json.dumps({"image-name": "docker.io/library/nginx:1.27", "image-id": "0" * 64, "name": "cart"})
STORED = [{"id": "0" * 64, "names": ["no"]}, {"id": ID, "names": ["cart"], "metadata": METADATA, "flags": {"x": 1}}]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What pid 1 has as its root."""
    made = tmp_path / "1" / "root"
    made.mkdir(parents=True)
    return made


def put(root: Path, path: str, content: Any = "") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def look(root: Path) -> Containers:
    return Containers(str(root.parent.parent))


def find(root: Path, cgroup: str = DOCKER_PATH, container: str = ID) -> Contained:
    return look(root).find(container, cgroup)


def docker(name: str, labels: dict[str, str] | None, image: str = "") -> dict[str, Any]:
    return {"Name": name, "Image": "sha256:0", "Config": {"Labels": labels, "Image": image}}


COMPOSE = {"com.docker.compose.service": "cart", "com.docker.compose.project": "shop"}
SWARM = {"com.docker.swarm.service.name": "shop_cart", "com.docker.stack.namespace": "shop"}
CRI_DOCKERD = {
    "io.kubernetes.container.name": "app",
    "io.kubernetes.pod.name": "cart-0",
    "io.kubernetes.pod.namespace": "shop",
}
CRI_CONTAINERD = {
    "io.kubernetes.cri.container-name": "app",
    "io.kubernetes.cri.container-type": "container",
    "io.kubernetes.cri.image-name": "registry:5000/cart:1.2",
    "io.kubernetes.cri.sandbox-name": "cart-0",
    "io.kubernetes.cri.sandbox-namespace": "shop",
}
CRI_CRIO = {**CRI_DOCKERD, "io.kubernetes.cri-o.ImageName": "registry:5000/cart:1.2"}
IN_POD = Contained("app", "app", "shop", "cart-0", "registry:5000/cart:1.2")


@pytest.mark.parametrize(
    ("path", "content", "found"),
    [
        (DOCKER, docker("/cart", {}, "nginx:1.27"), Contained("cart", "cart", image="nginx:1.27")),
        (DOCKER, docker("/cart", None), Contained("cart", "cart")),
        (DOCKER, docker("/shop-cart-1", COMPOSE), Contained("cart", "shop-cart-1", "shop")),
        (DOCKER, docker("/shop_cart.1.x9", SWARM), Contained("shop_cart", "shop_cart.1.x9", "shop")),
        (DOCKER, docker("/k8s_app_cart-0_shop_1_0", CRI_DOCKERD), Contained("app", "app", "shop", "cart-0")),
        (
            DOCKER.replace("lib/docker", "snap/docker/common/var-lib-docker"),
            docker("/cart", {}),
            Contained("cart", "cart"),
        ),
        (BUNDLE, {"annotations": CRI_CONTAINERD}, IN_POD),
        (BUNDLE.replace("run/", "run/k3s/", 1), {"annotations": CRI_CONTAINERD}, IN_POD),
        (BUNDLE.replace("k8s.io", "default"), {"annotations": {"nerdctl/name": "cart"}}, Contained("cart", "cart")),
        (CRIO, {"annotations": CRI_CRIO}, IN_POD),
        (PODMAN, STORED, Contained("cart", "cart", image="docker.io/library/nginx:1.27")),
        (LINK, "", Contained("app", "app", "shop", "cart-0")),
        (DOCKER, {"Name": "/a\nb"}, Contained("a\\x0ab", "a\\x0ab")),
        (DOCKER, docker("/cart", {"com.docker.compose.project": "a:b"}), Contained("cart", "cart")),
    ],
)
def test_each_runtime_s_file_has_the_names(root: Path, path: str, content: Any, found: Contained) -> None:
    put(root, path, content)

    assert find(root) == found


def test_docker_may_keep_its_containers_elsewhere(root: Path) -> None:
    put(root, "etc/docker/daemon.json", {"data-root": "/data/docker"})
    put(root, DOCKER.replace("var/lib", "data"), docker("/cart", {}))

    assert find(root).name == "cart"


@pytest.fixture
def of_user(root: Path) -> Path:
    """Return Podman's list of a user."""
    put(root, "etc/passwd", f"root:x:0:0::/root:/bin/sh\nshop:x:{OWNER}:100::/srv/shop:/bin/sh\n")
    file = root / "srv/shop/.local/share/containers/storage/overlay-containers/containers.json"
    put(root, str(file.relative_to(root)), STORED)
    os.chown(file, OWNER, -1)
    return file


def test_a_file_of_a_user_is_read(root: Path, of_user: Path) -> None:
    assert find(root, OF_USER).name == "cart"


@pytest.mark.parametrize("labels", [CRI_DOCKERD, COMPOSE, SWARM])
def test_files_of_a_user_put_its_container_into_no_pod_and_no_namespace(root: Path, labels: dict[str, str]) -> None:
    put(root, "etc/passwd", f"shop:x:{OWNER}:100::/srv/shop:/bin/sh\n")
    put(root, f"srv/shop/.local/share/docker/containers/{ID}/config.v2.json", docker("/cart", labels, "nginx"))
    os.chown(root / f"srv/shop/.local/share/docker/containers/{ID}/config.v2.json", OWNER, -1)
    found = find(root, OF_USER.replace("libpod", "docker"))

    assert found.image == "nginx"
    assert (found.namespace, found.pod) == ("", "")


def test_annotations_of_a_user_put_its_container_into_no_pod_and_no_namespace(root: Path) -> None:
    bundle = f"run/user/{OWNER}/containers/overlay-containers/{ID}/userdata/config.json"
    put(root, bundle, {"annotations": CRI_CONTAINERD})
    os.chown(root / bundle, OWNER, -1)

    assert find(root, OF_USER) == Contained("app", "app", image="registry:5000/cart:1.2")


def test_a_cgroup_of_a_user_that_is_named_like_a_pod_of_the_host_is_not_that_pod(root: Path) -> None:
    (root / f"var/log/pods/shop_cart-0_{UID}").mkdir(parents=True)
    below = f"/user.slice/user-{OWNER}.slice/user@{OWNER}.service"

    assert find(root, below + KUBERNETES) == Contained(pod=UID)


def test_a_file_that_is_not_the_user_s_is_not_read(root: Path, of_user: Path) -> None:
    seen = look(root)

    assert seen.find(ID, OF_USER.replace(f"user@{OWNER}", f"user@{OWNER + 1}")) == Contained()
    assert seen.files.skipped == 0
    put(root, "etc/passwd", f"thief:x:{OWNER + 1}:100::/srv/shop:/bin/sh\n")
    assert seen.find(ID, OF_USER.replace(f"user@{OWNER}", f"user@{OWNER + 1}")) == Contained()
    assert seen.files.skipped == 1


def test_a_large_file_of_a_user_is_not_read(root: Path, of_user: Path) -> None:
    of_user.write_text(json.dumps(STORED) + " " * MOST_OF_USER)
    seen = look(root)

    assert seen.find(ID, OF_USER) == Contained()
    assert seen.files.skipped == 1


@pytest.mark.parametrize("made", ["fifo", "folder", "link", "device"])
def test_what_stands_in_a_file_s_place_is_neither_waited_for_nor_read(root: Path, made: str) -> None:
    put(root, "elsewhere", docker("/cart", {}))
    file = root / DOCKER
    file.parent.mkdir(parents=True)
    match made:
        case "fifo":
            os.mkfifo(file)
        case "folder":
            file.mkdir()
        case "link":
            file.symlink_to(root / "elsewhere")
        case "device":
            file.symlink_to("/dev/zero")

    assert find(root) == Contained()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "7", '{"Name": 7}', '{"Config": []}', '{"Config": {"Labels": [1]}}', "\xff",
                "[" * 5_000, '[{"id": 7}]', '[{"names": [7]}]', f'[{{"id": "{ID}", "names": [], "metadata": "["}}]'],
)  # fmt: skip
@pytest.mark.parametrize("path", [DOCKER, BUNDLE, CRIO, PODMAN])
def test_a_file_that_is_not_as_it_should_be_has_no_name(root: Path, path: str, content: str) -> None:
    put(root, path, content)

    assert find(root) == Contained()


@pytest.mark.parametrize("container", ["web1.lxc", "../../etc", "a/b", "", "6f9619ff-8b86-d011-b42d-00cf4fc964ff.web"])
def test_what_is_no_id_is_looked_for_nowhere(root: Path, container: str) -> None:
    put(root, f"var/lib/docker/containers/{container}/config.v2.json", {"Name": "/no"})

    assert find(root, container=container) == Contained()


def test_a_name_that_comes_late_is_found_and_a_search_in_vain_ends(root: Path) -> None:
    seen = look(root)
    assert seen.find(ID, DOCKER_PATH).name == ""
    put(root, DOCKER, {"Name": "/cart"})
    assert seen.find(ID, DOCKER_PATH).name == "cart"

    other = "ab12" * 16
    for _ in range(TRIES):
        assert seen.find(other, DOCKER_PATH).name == ""
    put(root, DOCKER.replace(ID, other), {"Name": "/late"})
    assert seen.find(other, DOCKER_PATH).name == ""


def test_a_pod_is_found_by_the_folder_of_its_logs(root: Path) -> None:
    (root / f"var/log/pods/shop_cart-0_{UID}").mkdir(parents=True)
    (root / f"var/log/pods/other_no-0_{UID.replace('1', '2')}").mkdir()

    assert find(root, KUBERNETES) == Contained(namespace="shop", pod="cart-0")


def test_a_pod_without_a_name_has_its_id(root: Path) -> None:
    assert find(root, KUBERNETES) == Contained(pod=UID)
    assert find(root, PODMAN_POD) == Contained(pod=POD[:12])


def test_a_pod_of_podman_is_called_as_the_host_in_it(root: Path) -> None:
    put(root, PODMAN, [*STORED, {"id": INFRA, "names": [f"{POD[:12]}-infra"], "metadata": "{}"}])
    put(root, CRIO.replace(ID, INFRA), {"hostname": "shop"})

    assert find(root, PODMAN_POD)[:4] == ("cart", "cart", "", "shop")


def test_folders_that_may_not_be_read_are_missing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: str, flags: int) -> int:
        raise PermissionError if "docker/" in path else FileNotFoundError

    seen = look(root)
    assert seen.missing() == {}
    monkeypatch.setattr("collectors.observed.os.open", refused)
    seen.find(ID, DOCKER_PATH)

    assert seen.missing()["names of containers"].endswith(
        "to read /etc/docker/daemon.json, /var/lib/docker, /var/snap/docker"
    )


def test_without_the_files_of_the_host_the_names_are_missing(tmp_path: Path) -> None:
    seen = Containers(str(tmp_path))
    seen.find(ID, DOCKER_PATH)

    assert seen.missing() == {
        "names of containers": f"{needed('CAP_SYS_PTRACE')}, to read the host's files by /proc/1/root"
    }


def test_where_no_file_has_a_name_nothing_is_missing(root: Path) -> None:
    seen = look(root)
    seen.find(ID, DOCKER_PATH)

    assert seen.missing() == {}


def test_few_containers_are_remembered(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MOST_KNOWN", 2)
    put(root, DOCKER, {"Name": "/cart"})
    seen = look(root)
    for number in range(9):
        seen.find(f"{number:064x}", "/")

    assert seen.find(ID, DOCKER_PATH).name == "cart"
    assert len(seen._known) <= 4


def test_a_container_that_has_ended_is_missing_no_longer(tmp_path: Path) -> None:
    seen = Containers(str(tmp_path))
    seen.find(ID, DOCKER_PATH)
    seen.keep({ID})
    assert seen.missing()

    seen.keep({"another"})
    assert seen.missing() == {}
