"""A container is known by the name that people gave it, where its runtime keeps that in a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from collectors.container_names import TRIES, ContainerNames

ID = "3f2a" * 16
BUNDLE = f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json"
STORAGE = f"run/containers/storage/overlay-containers/{ID}/userdata/config.json"
DOCKER = f"var/lib/docker/containers/{ID}/config.v2.json"
PODMAN = "var/lib/containers/storage/overlay-containers/containers.json"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """What pid 1 has as its root."""
    made = tmp_path / "1" / "root"
    made.mkdir(parents=True)
    return made


def put(root: Path, path: str, content: Any) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def name(root: Path, container: str = ID) -> str:
    return ContainerNames(str(root.parent.parent)).name(container)


@pytest.mark.parametrize(
    ("path", "content", "called"),
    [
        (DOCKER, {"Name": "/cart", "Config": {"Labels": {}}}, "cart"),
        (DOCKER, {"Name": "/shop-cart-1", "Config": {"Labels": {"com.docker.compose.service": "cart"}}}, "cart"),
        (DOCKER, {"Name": "/cart", "Config": {"Labels": None}}, "cart"),
        (BUNDLE, {"annotations": {"io.kubernetes.cri.container-name": "cart"}}, "cart"),
        (STORAGE, {"annotations": {"io.kubernetes.container.name": "cart"}}, "cart"),
        (PODMAN, [{"id": "0" * 64, "names": ["no"]}, {"id": ID, "names": ["cart"]}], "cart"),
        (DOCKER, {"Name": "/a\nb"}, "a\\x0ab"),
    ],
)
def test_each_runtime_s_file_has_the_name(root: Path, path: str, content: Any, called: str) -> None:
    put(root, path, content)

    assert name(root) == called


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "7", '{"Name": 7}', '{"Config": []}', '{"Config": {"Labels": [1]}}', "\xff"]
)
@pytest.mark.parametrize("path", [DOCKER, BUNDLE, STORAGE, PODMAN])
def test_a_file_that_is_not_as_it_should_be_has_no_name(root: Path, path: str, content: str) -> None:
    put(root, path, content)

    assert name(root) == ""


@pytest.mark.parametrize("container", ["web1.lxc", "../../etc", "a/b", "", "6f9619ff-8b86-d011-b42d-00cf4fc964ff.web"])
def test_what_is_no_id_is_looked_for_nowhere(root: Path, container: str) -> None:
    put(root, f"var/lib/docker/containers/{container}/config.v2.json", {"Name": "/no"})

    assert name(root, container) == ""


def test_a_name_that_comes_late_is_found_and_a_search_in_vain_ends(root: Path) -> None:
    names = ContainerNames(str(root.parent.parent))
    assert names.name(ID) == ""
    put(root, DOCKER, {"Name": "/cart"})
    assert names.name(ID) == "cart"

    other = "ab12" * 16
    for _ in range(TRIES):
        assert names.name(other) == ""
    put(root, DOCKER.replace(ID, other), {"Name": "/late"})
    assert names.name(other) == ""
