"""Faults look as they do in reality, in what agents report and in the truth."""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple, get_args

import pytest
from msgspec.structs import replace

from schemas.codec import decode
from schemas.raw import Connections, Heartbeat
from simulation.faults import ONCE, Fault, Kind
from simulation.fleet import Fleet
from simulation.mishaps import draw
from simulation.mistakes import Mistake
from simulation.records import SimRecord
from simulation.run import Simulation
from simulation.truth import TrueEdge, TrueEnd, TrueWindow
from tests.simulation.fleets import T0, WIDTH, placed, shop

FROM, FOR = 8, 8  # windows
WINDOWS = FROM + FOR + 8


class Part(NamedTuple):
    """What was logged, and what happened, in some windows."""

    batches: list[Any]
    truths: list[TrueWindow]
    edges: list[tuple[str, str, TrueEdge]]  # services of both ends

    def rows(self, where: Callable[[Connections, int], bool] = lambda columns, row: True) -> list[dict[str, Any]]:
        """Return the rows of connections."""
        return [
            {name: getattr(columns, name)[row] for name in columns.__struct_fields__} | {"host": batch.host_id}
            for batch in self.batches
            if isinstance(columns := getattr(batch, "connections", None), Connections)
            for row in range(len(columns))
            if where(columns, row)
        ]

    def sum(self, name: str, client: str = "", server: str = "") -> int:
        """Add up what edges between two services carried."""
        return sum(getattr(edge, name) for edge in self.between(client, server))

    def between(self, client: str = "", server: str = "") -> list[TrueEdge]:
        return [edge for one, other, edge in self.edges if client in ("", one) and server in ("", other)]

    def median_us(self, client: str, server: str) -> float:
        return median(edge.median_us for edge in self.between(client, server) if edge.requests)


class Parts(NamedTuple):
    before: Part
    during: Part
    after: Part


def parts(kind: Kind, where: str, fleet: Fleet | None = None, **more: Any) -> Parts:
    """Run a fault; return what came before it, while it lasted, and after it."""
    fault = Fault(kind=kind, where=where, at_s=FROM * WIDTH / 1000, for_s=FOR * WIDTH / 1000, **more)
    found = Parts(*(Part([], [], []) for _ in range(3)))
    for window in Simulation(fleet or placed(shop()), seed=1, start_ms=T0, faults=[fault]).windows(WINDOWS):
        truth = replace(window.truth, ends=dict(window.truth.ends), instances=dict(window.truth.instances))
        part = found[(truth.number >= FROM) + (truth.number >= FROM + FOR)]
        part.batches.extend(decode(one.topic, one.value, one.timestamp) for one in window.records)
        part.truths.append(truth)
        services = {node: end.service for node, end in truth.ends.items()}
        part.edges.extend((services[key.client], services[key.server], edge) for key, edge in truth.edges.items())
        assert kind in ONCE or truth.faults == ([fault] if part is found.during else [])
    return found


def test_a_slow_service_makes_its_callers_slow_and_nobody_else() -> None:
    before, during, after = parts("slow", "db", size=40)
    assert during.median_us("cart", "db") > 20 * before.median_us("cart", "db")
    assert during.median_us("web", "cart") > 5 * before.median_us("web", "cart")
    assert during.median_us("", "web") > 2 * before.median_us("", "web")
    assert during.median_us("cart", "cache") < 1.1 * before.median_us("cart", "cache")
    assert after.median_us("cart", "db") == pytest.approx(before.median_us("cart", "db"))


def test_errors_of_an_essential_call_become_the_callers() -> None:
    before, during, _ = parts("errors", "db", size=0.9)
    assert before.sum("errors") == 0
    assert 0.6 < during.sum("errors", "cart", "db") / during.sum("requests", "cart", "db") < 1  # tried once more
    assert during.sum("errors", "", "web") > 0
    assert during.sum("errors", "cart", "cache") == 0
    assert during.sum("requests", "cart", "db") > 1.5 * before.sum("requests", "cart", "db")


def test_a_surge_passes_down_to_the_leaves() -> None:
    before, during, after = parts("surge", "web", size=4)
    for server in ("web", "cart", "cache"):
        assert during.sum("requests", "", server) > 3 * before.sum("requests", "", server)
        assert after.sum("requests", "", server) < 1.5 * before.sum("requests", "", server)


def test_loss_makes_the_senders_of_both_directions_send_again_and_round_trips_vary() -> None:
    before, during, after = parts("loss", "h1", size=0.2)
    for rows in (before.rows(), after.rows()):
        assert not any(row["retransmits"] for row in rows)
    at_host = [row for row in during.rows() if "10.0.0.2" in (row["local_address"], row["remote_address"])]
    assert {row["host"] for row in at_host if row["retransmits"]} == {"h0", "h1", "h2", "h3"}
    assert not any(row["retransmits"] for row in during.rows() if row not in at_host)
    assert during.sum("lost_segments") == sum(row["retransmits"] for row in during.rows())
    was, now = ([row["rtt_us"] for row in part.rows() if row["host"] == "h1"] for part in (before, during))
    assert max(now) - min(filter(None, now)) > 2 * (max(was) - min(filter(None, was)))


def test_delay_is_in_the_round_trips_of_both_sides() -> None:
    before, during, _ = parts("delay", "h1", size=80)
    for host in ("h0", "h1"):
        was, now = (
            [
                row["rtt_us"]
                for row in part.rows()
                if row["host"] == host and {"10.0.0.2"} & {row["local_address"], row["remote_address"]}
                if row["sent_bytes"]
            ]
            for part in (before, during)
        )
        assert min(now) >= 80_000 > max(was)


def test_processes_that_are_killed_close_all_and_refuse_until_they_are_back() -> None:
    before, during, after = parts("kill", "db")
    gone = {event.node for truth in during.truths for event in truth.events if event.kind == "killed"}
    assert len(gone) == 1
    assert during.sum("closed", "cart", "db") > 0 == before.sum("closed", "cart", "db")
    assert during.sum("failed", "cart", "db") > 0
    assert during.sum("requests", "cart", "db") == during.sum("unanswered", "cart", "db")
    assert {row["remote_port"] for row in during.rows() if row["failed"]} == {5432}
    assert after.sum("failed") == 0
    assert after.sum("opened", "cart", "db") == 4
    exits = [batch.exits for batch in during.batches if hasattr(batch, "exits") and len(batch.exits)]
    assert [list(each.signal) for each in exits] == [[9]]


def test_want_of_memory_is_said_of_the_process_its_group_and_its_host() -> None:
    _, during, _ = parts("oom", "db")
    first = during.batches[: len(during.batches) // FOR]
    exits = [batch.exits for batch in first if hasattr(batch, "exits") and len(batch.exits)]
    assert [list(each.oom) for each in exits] == [[True]]
    assert sum(sum(batch.usage.oom_kills) for batch in first if hasattr(batch, "usage")) == 1
    assert sum(batch.oom_kills for batch in first if isinstance(batch, Heartbeat)) == 1


def test_who_hangs_takes_bytes_and_gives_none_back() -> None:
    before, during, after = parts("hang", "db")
    assert during.sum("to_server_bytes", "cart", "db") > 0 == during.sum("to_client_bytes", "cart", "db")
    assert during.sum("given_up", "cart", "db") > 0 == during.sum("failed")
    served = [row for row in during.rows() if row["accepted"] and row["local_port"] == 5432]
    assert sum(row["received_bytes"] for row in served) > 0 == sum(row["sent_bytes"] for row in served)
    assert during.median_us("web", "cart") > before.median_us("web", "cart")
    assert after.sum("to_client_bytes", "cart", "db") > 0


def test_a_partition_lets_nothing_through_and_connects_time_out() -> None:
    before, during, after = parts("partition", "b")
    across = [row for row in during.rows() if _across(row) and not row["closed"]]
    assert sum(row["retransmits"] for row in across) > 0
    assert not any(row["received_bytes"] for row in across)
    assert during.sum("failed") > 0 == before.sum("failed")
    assert {batch.host_id for batch in during.batches} == {"h0", "h1", "h2", "h3"}  # agents report by another network
    assert sum(row["received_bytes"] for row in after.rows() if _across(row)) > 0


def test_what_is_between_two_services_strikes_them_alone() -> None:
    _, during, _ = parts("partition", "cart > db")
    assert during.sum("to_client_bytes", "cart", "db") == 0
    assert during.sum("to_client_bytes", "report", "db") > 0
    assert during.sum("to_client_bytes", "cart", "cache") > 0


def test_pressure_is_said_by_the_host_and_its_processes_whose_work_takes_longer() -> None:
    before, during, _ = parts("pressure", "h0", size=5)
    beats = {
        when: [batch for batch in part.batches if isinstance(batch, Heartbeat) and batch.host_id == "h0"]
        for when, part in (("before", before), ("during", during))
    }
    assert all(beat.cpu_pressure_us == 0 for beat in beats["before"])
    assert all(beat.cpu_pressure_us > 0 and beat.cpu_ratio > 0.9 for beat in beats["during"])
    waited = {batch.host_id for batch in during.batches if hasattr(batch, "usage") and any(batch.usage.cpu_wait_ms)}
    assert waited == {"h0"}
    assert during.median_us("cart", "db") > 3 * before.median_us("cart", "db")


def test_a_quota_that_is_too_small_stops_its_instances() -> None:
    before, during, _ = parts("throttle", "cart")
    for part, stops in ((before, False), (during, True)):
        usage = [batch.usage for batch in part.batches if hasattr(batch, "usage")]
        assert any(any(one.cpu_throttled_periods) for one in usage) == stops
    assert during.median_us("web", "cart") > 1.5 * before.median_us("web", "cart")


def test_a_redeployment_gives_every_instance_a_new_process_and_containers_a_new_address() -> None:
    before, during, after = parts("redeploy", "cart", placed(shop()))
    then, now = ({node for node, _ in _carts(part)} for part in (before, after))
    assert len(then) == len(now) == 4
    assert not then & now
    then, now = ({address for _, address in _carts(part)} for part in (before, after))
    assert not then & now
    assert during.sum("failed") == 0


def test_an_address_a_port_and_a_pid_are_taken_by_another_service() -> None:
    before, _, after = parts("reuse", "db0")
    then, now = (
        {(end.host, end.address, end.node.split(":")[3]): end.service for end in _running(part)}
        for part in (before, after)
    )
    taken = {place: (then[place], now[place]) for place in then.keys() & now.keys() if then[place] != now[place]}
    assert len(taken) >= 1
    assert all("db" in both for both in taken.values())


def test_an_agent_that_ends_says_nothing_until_it_is_back_as_a_new_run() -> None:
    before, during, after = parts("agent", "h1")
    assert "h1" not in {batch.host_id for batch in during.batches}
    runs = [{batch.run for batch in part.batches if batch.host_id == "h1"} for part in (before, after)]
    assert list(map(len, runs)) == [1, 1]
    assert not runs[0] & runs[1]
    assert not any(row["fresh"] for row in after.rows() if row["host"] == "h1" and row["sent_total"] > 100_000)


def test_a_clock_that_steps_leaves_windows_in_order() -> None:
    for size in (1_700, -1_700, 12_000):
        beats = [
            (beat.window, beat.seq)
            for part in parts("clock", "h1", size=size)
            for beat in part.batches
            if isinstance(beat, Heartbeat) and beat.host_id == "h1"
        ]
        assert beats == sorted(beats)
        assert [seq for _, seq in beats] == list(range(len(beats)))


@pytest.mark.parametrize("kind", ["late", "doubled"])
def test_what_a_partition_promises_is_kept(kind: Kind) -> None:
    fault = Fault(kind=kind, where="h1", at_s=20, for_s=40, size=17)
    plain, disturbed = (
        [
            record
            for window in Simulation(placed(shop()), seed=1, start_ms=T0, faults=faults).windows(WINDOWS)
            for record in window.records
        ]
        for faults in ([], [fault])
    )
    assert [(one.topic, one.value) for one in plain] != [(one.topic, one.value) for one in disturbed]
    assert _firsts(plain) == _firsts(disturbed)
    assert [one.timestamp for one in disturbed] != [one.timestamp for one in plain]
    assert (max(Counter(one.value for one in disturbed).values()) > 1) == (kind == "doubled")


def test_a_fault_that_strikes_nothing_is_a_mistake() -> None:
    for fault in (Fault(kind="kill", where="nobody", at_s=0), Fault(kind="kill", where="web > cart", at_s=0)):
        with pytest.raises(Mistake, match="faults"):
            Simulation(placed(shop()), seed=1, start_ms=T0, faults=[fault])


def test_faults_are_drawn_by_a_seed() -> None:
    fleet = placed(shop())
    kinds = get_args(Kind)
    drawn = draw(fleet, 1, kinds, 40, within_s=600)
    assert drawn == draw(fleet, 1, kinds, 40, within_s=600) != draw(fleet, 2, kinds, 40, within_s=600)
    assert {fault.kind for fault in drawn} == set(kinds)
    ends = [(fault.at_s, fault.at_s + fault.for_s) for fault in drawn]
    assert all(end <= following for (_, end), (following, _) in pairwise(ends))
    Simulation(fleet, seed=1, start_ms=T0, faults=drawn)


def _across(row: dict[str, Any]) -> bool:
    zone = {"10.0.0.1": "a", "10.0.0.2": "b", "10.0.0.3": "a", "10.0.0.4": "b"}
    zone |= {f"10.1.0.{number}": host for number, host in zip(range(1, 5), "aaaa", strict=True)}
    ends = [zone.get(row[end]) for end in ("local_address", "remote_address")]
    return None not in ends and len(set(ends)) == 2


def _running(part: Part) -> list[TrueEnd]:
    return [part.truths[-1].ends[node] for node in part.truths[-1].instances]


def _carts(part: Part) -> set[tuple[str, str]]:
    truth = part.truths[-1]
    return {(node, truth.ends[node].address) for node, one in truth.instances.items() if one.service.name == "cart"}


def _firsts(records: Iterable[SimRecord]) -> dict[tuple[str, bytes], list[bytes]]:
    """Return the records of each host and topic in their order, without repeats."""
    found: dict[tuple[str, bytes], dict[bytes, None]] = {}
    for one in records:
        found.setdefault((one.topic, one.key), {})[one.value] = None
    return {place: list(values) for place, values in found.items()}
