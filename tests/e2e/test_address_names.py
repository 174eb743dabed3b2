"""An address without an agent is on the map by the name that its client asked a real resolver for."""

import json
import shlex
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.network_namespaces import bridge, container
from tests.e2e.running import Up, part, run, until
from tests.e2e.talk import asking, served
from tests.e2e.test_translation import translate
from tests.e2e.test_two_hosts import pipeline
from tests.programs import installed
from tests.truth.hosts import Host, switched, waited

pytestmark = [pytest.mark.root, pytest.mark.programs, pytest.mark.slow]
RESOLVERS = ("127.0.0.53", "172.30.1.1")  # of the host, and of its containers
API, WWW, EVIL = "api.example.test", "www.example.test", "evil.example.test"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, Host, Up]]:
    """A host with an agent and a resolver of its own, and a host without an agent."""
    data = tmp_path_factory.mktemp("names")
    with switched(["one", "two"]) as (one, two):
        bridge(one, "docker0", f"{RESOLVERS[1]}/24")
        one.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        translate(one, "postrouting", "ip saddr 172.30.1.0/24 ip daddr != 172.30.1.0/24 masquerade")
        resolve(one, two, data)
        one.run(_bound(data, RESOLVERS[0]))
        agent = ("collect", "--data", str(data), "--window", "1s", "--host-id", "one")
        with pipeline(data) as running, part(*agent, inside=[*one.inside(), "--"]):
            running.until("SELECT DISTINCT host FROM nodes")
            yield one, two, running


def resolve(one: Host, two: Host, folder: Path) -> None:
    """Run a resolver that leads to the other host by an alias, and to this host by a name that is not its own."""
    records = [f"--host-record=edge.cdn.test,{two.address}", f"--cname={API},edge.cdn.test"]
    records += [f"--host-record={name},{host.address}" for name, host in ((WWW, two), (EVIL, one))]
    command = [installed("dnsmasq", "dnsmasq-base"), "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file="]
    command += ["--no-resolv", "--no-hosts", "--user=nobody", "--bind-interfaces"]
    command += [f"--listen-address={address}" for address in RESOLVERS]
    resolver = one.start([*command, *records], folder / "dnsmasq.log")
    waited(lambda: resolver.listens(53), "dnsmasq")


def _bound(folder: Path, resolver: str) -> list[str]:
    """Return the command by which a mount namespace asks a resolver."""
    configuration = folder / f"resolv.conf-{resolver}"
    configuration.write_text(f"nameserver {resolver}\n")
    return ["mount", "--bind", str(configuration), "/etc/resolv.conf"]


def asking_names(folder: Path, inside: list[str]) -> list[str]:
    """Return the command that enters a container, and asks the resolver of containers there."""
    bound = shlex.join(_bound(folder, RESOLVERS[1]))
    return [*inside, "unshare", "--mount", "--", "sh", "-c", f'{bound} && exec "$@"', "sh"]


def mapped(running: Up, level: str = "service") -> list[dict[str, Any]]:
    """Return the nodes of the map."""
    done = run("map", "--data", str(running.data), "--level", level, "--json")
    return json.loads(done.stdout)["nodes"] if done.stdout else []


def named(running: Up, host: Host, name: str) -> dict[str, Any]:
    """Return the node of a host without an agent, once it has a name."""

    def found() -> list[dict[str, Any]]:
        return [node for node in mapped(running) if name in node.get("names", ()) and node["address"] == host.address]

    node: dict[str, Any] = until(found, bool, 45, f"the name {name}")[0]
    return node


def test_an_address_without_an_agent_has_the_name_that_was_asked_for(lab: tuple[Host, Host, Up]) -> None:
    one, two, running = lab
    inside, outside = [*one.inside(), "--"], [*two.inside(), "--"]
    with served("0.0.0.0", 443, inside=outside), asking(API, 443, pause=0.1, inside=inside):
        node = named(running, two, API)
        assert (node["title"], node["names"], node["address"]) == (API, [API], two.address)
        assert f"{API} ({two.address})" in run("map", "--data", str(running.data)).stdout


def test_a_container_has_looked_it_up_by_the_resolver_of_its_host(lab: tuple[Host, Host, Up]) -> None:
    one, two, running = lab
    with (
        container(one, "docker0", "172.30.1.22/24", gateway=RESOLVERS[1]) as inside,
        served("0.0.0.0", 445, inside=[*two.inside(), "--"]),
        asking(WWW, 445, pause=0.1, inside=asking_names(running.data, inside)),
    ):
        assert WWW in named(running, two, WWW)["names"]


def test_no_answer_changes_who_is_at_an_address_of_the_fleet(lab: tuple[Host, Host, Up]) -> None:
    one, _, running = lab
    inside = [*one.inside(), "--"]
    with served("0.0.0.0", 444, inside=inside), asking(EVIL, 444, pause=0.1, inside=inside):
        running.until(f"SELECT 1 FROM address_names WHERE name = '{EVIL}'")  # it was heard
        for level in ("service", "process", "address"):
            nodes = until(partial(mapped, running, level), bool, 45, level)
            assert EVIL not in {text for node in nodes for text in (node["title"], *node.get("names", ()))}
