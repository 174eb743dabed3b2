import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.running import Up, part, until
from tests.e2e.talk import asking, served

_ROWS = """
SELECT toUnixTimestamp64Milli(window) AS at, client, server, seen_by_client, seen_by_server, client_sent_bytes,
       server_received_bytes
FROM process_edges WHERE server_port = {port} ORDER BY window
"""


@contextmanager
def joined(one: str, other: str) -> Iterator[tuple[list[str], list[str]]]:
    """Make two network namespaces joined by a veth pair; give the commands that enter them."""
    script = f"""
        ip netns add {one} && ip netns add {other}
        ip link add sm-one netns {one} type veth peer name sm-two netns {other}
        ip -n {one} address add 10.77.31.1/24 dev sm-one && ip -n {other} address add 10.77.31.2/24 dev sm-two
        ip -n {one} link set lo up && ip -n {other} link set lo up
        ip -n {one} link set sm-one up && ip -n {other} link set sm-two up
    """
    try:
        subprocess.run(["bash", "-ec", script], check=True)
        yield ["ip", "netns", "exec", one], ["ip", "netns", "exec", other]
    finally:
        for name in (one, other):
            subprocess.run(["ip", "netns", "delete", name], check=False, stderr=subprocess.DEVNULL)


@contextmanager
def pipeline(data: Path) -> Iterator[Up]:
    """Run the folds, the sink and the store alone, as on a machine of their own."""
    with ExitStack() as stack:
        arguments = ["--data", str(data / "store"), "--native-port", "0", "--http-port", "0"]
        store = subprocess.Popen([sys.executable, "-m", "sinks.embedded", *arguments], stdout=subprocess.DEVNULL)
        stack.callback(store.wait)
        stack.callback(store.terminate)
        until((data / "store" / "store.json").exists, bool, 30, "store to start")
        stack.enter_context(part("sink", "--data", str(data)))
        stack.enter_context(part("work", "--data", str(data)))
        yield Up(data, store)


@pytest.mark.root
@pytest.mark.slow
def test_edges_cross_hosts_fall_back_and_are_upgraded(tmp_path: Path) -> None:
    agent = ("collect", "--data", str(tmp_path), "--window", "1s", "--host-id")
    with (
        joined("sm-test-one", "sm-test-two") as (one, two),
        served("10.77.31.2", inside=two) as port,
        asking("10.77.31.2", port, pause=0.1, inside=one) as client_pid,
        pipeline(tmp_path) as running,
        part(*agent, "alpha", inside=one),
    ):
        rows = _ROWS.format(port=port)
        with part(*agent, "beta", inside=two):
            both = running.until(rows, lambda rows: sum(row[3] and row[4] for row in rows) >= 3)
            server = both[-1][2]
        last_seen = max(row[0] for row in running.sql(rows) if row[4])
        alone = running.until(
            rows, lambda rows: sum(row[0] > last_seen + 1000 and row[2] == "host:beta" for row in rows) >= 4
        )
        with part(*agent, "beta", inside=two):
            again = running.until(rows, lambda rows: any(row[0] > alone[-1][0] and row[4] for row in rows))
            gap = {row[0] for row in alone if row[2] == "host:beta"}
            caught_up = running.until(rows, lambda rows: all(row[4] for row in rows if row[0] in gap))
            healed = running.until(
                rows,
                lambda rows: all(row[2] == server for row in rows if row[0] in gap) and gap <= {r[0] for r in rows},
            )

    assert both[-1][1].split(":")[1::2] == ["alpha", str(client_pid)]
    assert server.startswith("process:beta:")
    assert {row[1] for row in again} == {both[-1][1]}
    assert all(row[3] for row in healed if row[0] in gap)
    missed = [row for row in caught_up if row[0] in gap]  # by the agent of the server, whose kernel went on to count
    assert sum(row[5] for row in missed) == pytest.approx(sum(row[6] for row in missed), rel=0.3)
    steady = [row for row in both if row[3] and row[4]][1:-1]
    # Each agent looks at its own time, late where the machine is busy: the first and the last window differ by that.
    assert sum(row[5] for row in steady) == pytest.approx(sum(row[6] for row in steady), rel=0.3)
