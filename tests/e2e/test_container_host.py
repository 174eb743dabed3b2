"""A host with sixty containers of three runtimes, on two networks with equal addresses and equal ports."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.container_files import RUNTIMES, identity, podman, write
from tests.e2e.network_namespaces import bridge, container
from tests.e2e.running import Up, part
from tests.e2e.talk import QUESTION, asked, asking, served
from tests.e2e.test_containers import group, maps
from tests.e2e.test_two_hosts import pipeline
from tests.truth.hosts import Host, switched

pytestmark = [pytest.mark.root, pytest.mark.slow, pytest.mark.timeout(400)]
NETWORKS, PAIRS, PORT = ("red0", "blue0"), 15, 8080
BRIEF = "brief"
EDGES = f"""
SELECT if(client_pod = '', client_container_name, client_pod) AS client_name,
       if(server_pod = '', server_container_name, server_pod) AS server_name,
       client_address, server_address, uniqExact(client), uniqExact(server)
FROM process_edges
WHERE server_port = {PORT} AND client LIKE 'process:%' AND server LIKE 'process:%' AND seen_by_client AND seen_by_server
GROUP BY ALL
"""
OTHERS = f"""
SELECT client, server FROM process_edges
WHERE server_port = {PORT} AND NOT (client LIKE 'process:%' AND server LIKE 'process:%')
AND window > fromUnixTimestamp64Milli({{at}})
"""
OF_BRIEF = f"""
SELECT sum(client_sent_bytes), sum(server_received_bytes), sum(connections_closed) FROM process_edges
WHERE client_container_name = '{BRIEF}'
"""


class Pair(NamedTuple):
    """Two containers on one network."""

    network: str
    number: int

    @property
    def names(self) -> tuple[str, str]:
        """What people call the client and the server."""
        return f"{self.network}-client-{self.number}", f"{self.network}-server-{self.number}"

    @property
    def addresses(self) -> tuple[str, str]:
        """The addresses of the client and the server, which the other network has too."""
        net = "fd30::" if self.number % 2 else "172.30.0."
        return f"{net}{10 + self.number}", f"{net}{50 + self.number}"


ALL = [Pair(network, number) for network in NETWORKS for number in range(PAIRS)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, Up, Path]]:
    """A host with an agent and the two networks; runtimes have left their files on it."""
    data, files = tmp_path_factory.mktemp("store"), tmp_path_factory.mktemp("files")
    named = [(name, RUNTIMES[pair.number % 3]) for pair in ALL for name in pair.names] + [(BRIEF, podman)]
    write(files, [runtime(name) for name, runtime in named], [name for name, runtime in named if runtime is podman])
    mounted = f'mount --bind {files}/lib /var/lib && mount --bind {files}/run /run && exec "$@"'
    with switched(["one"]) as (host,), pipeline(data) as running:
        for network in NETWORKS:
            bridge(host, network, "172.30.0.1/24")
        inside = [*host.inside(), "--", "unshare", "--mount", "sh", "-c", mounted, "sh"]
        agent = ("collect", "--data", str(data), "--window", "1s", "--host-id", "one")
        with part(*agent, inside=inside):
            running.until("SELECT DISTINCT host FROM nodes")
            yield host, running, data


@contextmanager
def contained(host: Host, network: str, name: str, address: str, runtime: int) -> Iterator[list[str]]:
    """Make a container; give the command that runs a program in it."""
    place = f"{address}/64 nodad" if ":" in address else f"{address}/24"
    with group(*RUNTIMES[runtime](name).groups) as in_group, container(host, network, place) as enter:
        yield [*in_group, *enter]


def test_every_edge_of_sixty_containers_is_between_the_right_ones_by_name(lab: tuple[Host, Up, Path]) -> None:
    host, running, data = lab
    expected = {(*pair.names, *pair.addresses, 1, 1) for pair in ALL}
    with ExitStack() as stack:
        for pair in ALL:
            clients, servers = (
                stack.enter_context(contained(host, pair.network, name, address, pair.number % 3))
                for name, address in zip(pair.names, pair.addresses, strict=True)
            )
            everywhere = "::" if pair.number % 2 else "0.0.0.0"
            stack.enter_context(served(everywhere, PORT, inside=servers))
            stack.enter_context(asking(pair.addresses[1], PORT, pause=0.2, inside=clients))
        running.until(EDGES, lambda rows: {*rows} >= expected, 90)
        ((at,),) = running.sql("SELECT toUnixTimestamp64Milli(max(window)) FROM process_edges")
        running.until(f"SELECT count() > 60 FROM process_edges WHERE window > fromUnixTimestamp64Milli({at + 2_000})")
        found, others = {*running.sql(EDGES)}, running.sql(OTHERS.format(at=at))
        scopes = running.sql(f"SELECT uniqExact(a_scope) FROM edges WHERE {PORT} IN (a_port, b_port) AND a_seen")
        titles = maps(data, "container").keys()

    assert found == expected
    assert others == []
    assert scopes == [(len(NETWORKS),)]
    assert {(_title(pair, 0), _title(pair, 1)) for pair in ALL} <= titles


def test_a_container_that_lives_for_two_seconds_is_on_the_map_and_in_history(lab: tuple[Host, Up, Path]) -> None:
    host, running, data = lab
    with contained(host, "red0", "keeper", "172.30.0.200", 0) as inside, served("0.0.0.0", PORT, inside=inside):
        with contained(host, "red0", BRIEF, "172.30.0.201", 2) as briefly:
            asked("172.30.0.200", PORT, times=20, pause=0.1, inside=briefly)
        rows = running.until(OF_BRIEF, lambda rows: bool(rows) and rows[0][2] > 0 and rows[0][0] == rows[0][1])
        titles = {title for pair in maps(data, "container") for title in pair}
    known = running.until(f"SELECT container FROM nodes FINAL WHERE container_name = '{BRIEF}'")

    assert rows == [(20 * len(QUESTION), 20 * len(QUESTION), 1)]
    assert f"{BRIEF}[{identity(BRIEF)[:12]}]" in titles
    assert known == [(identity(BRIEF),)]


def _title(pair: Pair, end: int) -> str:
    """Return the title of a container, which in a pod has the name "app"."""
    name = pair.names[end]
    return f"{'app' if pair.number % 3 == 1 else name}[{identity(name)[:12]}]"
