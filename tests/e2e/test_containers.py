"""Processes in the control groups of containers are on the map by the names that their runtimes keep in files."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import Up, part, run, until
from tests.e2e.talk import served

_numbers = count(1)
DATABASE, CART = "d0c4e7" * 10 + "beef", "ca27f0" * 10 + "cafe"
DOCKER = {
    "Name": "/store-db-1",
    "Config": {
        "Image": "postgres:17",
        "Labels": {"com.docker.compose.project": "store", "com.docker.compose.service": "db"},
    },
}
BUNDLE = {
    "annotations": {
        "io.kubernetes.cri.container-name": "app",
        "io.kubernetes.cri.image-name": "registry:5000/cart:1.2",
        "io.kubernetes.cri.sandbox-name": "cart-0",
        "io.kubernetes.cri.sandbox-namespace": "shop",
    }
}


def hierarchy() -> Path:
    """Return where control groups can be made: those of version 2, alone or beside those of version 1."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup2" and options.split(",")[0] == "rw" and os.access(place, os.W_OK):
            return Path(place)
    pytest.skip("no control groups of version 2 can be made here")


@contextmanager
def group(*names: str) -> Iterator[tuple[str, ...]]:
    """Make a control group; give what runs a command in it. Nothing may be left in it in the end."""
    place = hierarchy()
    made = []
    try:
        for name in (f"servicemap-test-{os.getpid()}-{next(_numbers)}", *names):
            place /= name
            place.mkdir()
            made.append(place)
        yield "sh", "-c", f'echo $$ > {place}/cgroup.procs && exec "$@"', "sh"
    finally:
        for each in reversed(made):
            until((each / "cgroup.events").read_text, lambda events: "populated 0" in events, 10, f"{each} to be empty")
            each.rmdir()


def put(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))


def maps(data: Path, level: str) -> dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]]:
    """Return client and server of each edge, by their titles."""
    found = json.loads(run("map", "--data", str(data), "--level", level, "--json").stdout)
    nodes = {node["id"]: node for node in found["nodes"]}
    pairs = [(nodes[edge["client"]], nodes[edge["server"]]) for edge in found["edges"]]
    return {(client["title"], server["title"]): (client, server) for client, server in pairs}


@pytest.mark.root
@pytest.mark.slow
def test_a_container_its_pod_and_its_namespace_are_nodes_of_the_map(tmp_path: Path) -> None:
    data, libraries, runtime = tmp_path / "data", tmp_path / "lib", tmp_path / "run"
    put(libraries / "docker/containers" / DATABASE / "config.v2.json", DOCKER)
    put(runtime / "containerd/io.containerd.runtime.v2.task/k8s.io" / CART / "config.json", BUNDLE)
    mounted = f'mount --bind {libraries} /var/lib && mount --bind {runtime} /run && exec "$@"'
    inside = ("unshare", "--mount", "sh", "-c", mounted, "sh")
    command = ("up", "--data", str(data), "--native-port", "0", "--http-port", "0", "--window", "1s")
    pod = "pod1b2c3d4e-0000-1111-2222-333344445555"
    with ExitStack() as stack:
        in_docker = stack.enter_context(group("docker", DATABASE))
        in_pod = stack.enter_context(group("kubepods", pod, CART))
        port = stack.enter_context(served("127.0.0.1", inside=in_docker))
        running = Up(data, stack.enter_context(part(*command, inside=inside)))
        asking = [*in_pod, sys.executable, "-m", "tests.e2e.talk", "ask", "127.0.0.1", str(port), "1000", "0.1"]
        client = subprocess.Popen(asking, stdout=subprocess.DEVNULL)
        stack.callback(client.wait)
        stack.callback(client.kill)
        running.until(
            "SELECT 1 FROM process_edges WHERE client_pod = 'cart-0' AND server_container_name != '' "
            f"AND server_port = {port} LIMIT 1"
        )
        (known,) = running.until(
            "SELECT container, container_name, namespace, pod, image FROM nodes FINAL WHERE pod != '' LIMIT 1"
        )
        services, containers, pods, namespaces = (
            maps(data, level) for level in ("service", "container", "pod", "namespace")
        )

    short, of_cart = f"store-db-1[{DATABASE[:12]}]", f"app[{CART[:12]}]"
    assert (of_cart, short) in containers
    asker, server = containers[of_cart, short]
    assert (asker["namespace"], asker["pod"], server["namespace"]) == ("shop", "cart-0", "store")
    asker, server = pods["cart-0", short]
    assert (asker["id"], server["kind"]) == (f"pod:{asker['host']}:shop:cart-0", "container")
    asker, server = namespaces["shop", "store"]
    assert (asker["id"], server["id"]) == ("namespace:shop", "namespace:store")
    assert known == (CART, "app", "shop", "cart-0", "registry:5000/cart:1.2")
    outside = {pair for pair in services if "servicemap" in pair}
    assert outside
    assert outside <= namespaces.keys()
