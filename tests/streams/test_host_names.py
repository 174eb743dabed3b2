"""Hosts that report under one id are stored under the names that the folds give them, by the same heartbeats."""

from typing import Any

from log.protocol import Bounds, Record
from schemas.codec import encode
from schemas.graph import EventBatch
from schemas.raw import Heartbeat, HostFacts, LinkBatch, Links, ProcessBatch, Usage
from sinks.names import HostNames
from sinks.tables import TABLES
from tests.streams.build import BOOT, NETNS, T0, WIDTH, batches, message

CLONE = "c1011e00-0000"
SECOND = f"h1-{CLONE[:8]}-{NETNS}"
FILL = {table.topic: table.fill for table in TABLES}


def beats(windows: range, **more: Any) -> dict[int, Heartbeat]:
    return {
        at: beat
        for seq, at in enumerate(windows)
        for beat in batches(at, run=T0 + windows.start, seq=seq, keyframe=seq == 0 or at % 6 == 0, **more).values()
        if isinstance(beat, Heartbeat)
    }


def logged(*agents: dict[int, Heartbeat]) -> list[tuple[Record, Heartbeat]]:
    order = [one[at] for at in sorted({at for one in agents for at in one}) for one in agents if at in one]
    return [(message("heartbeats", beat, offset=number), beat) for number, beat in enumerate(order)]


def named(names: HostNames, log: list[tuple[Record, Heartbeat]]) -> list[str]:
    reported = [names.named(record, beat) for record, beat in log]
    return [beat.host_id if beat else "" for beat in reported]


class Past:
    """Return a log that can be read again."""

    def __init__(self, log: list[tuple[Record, Heartbeat]]) -> None:
        self.records = [record for record, _ in log]

    def read(self, topic: str, partition: int, start: int, stop: int) -> Any:
        return iter(self.records[start:stop])

    def offset_at(self, topic: str, partition: int, timestamp: int) -> int:
        return next((n for n, one in enumerate(self.records) if one.timestamp >= timestamp), len(self.records))

    def bounds(self, topic: str, partition: int) -> Bounds:
        return Bounds(0, len(self.records))


def test_a_clones_load_is_not_mixed_with_the_originals() -> None:
    log = logged(beats(range(12), booted=5), beats(range(3, 12), boot=CLONE, booted=6))
    names = named(HostNames(), log)
    assert {name for (_, beat), name in zip(log, names, strict=True) if beat.boot_id == BOOT} == {"h1"}
    assert [name for (_, beat), name in zip(log, names, strict=True) if beat.boot_id == CLONE] == ["", *[SECOND] * 8]


def test_the_batches_of_a_second_agent_on_a_host_are_not_stored() -> None:
    log = logged(beats(range(12)), beats(range(3, 12), alone=False, beside=7))
    names = named(HostNames(), log)
    assert {name for (_, beat), name in zip(log, names, strict=True) if beat.run == T0} == {"h1"}
    assert {name for (_, beat), name in zip(log, names, strict=True) if beat.run != T0} == {""}


def test_a_sink_that_starts_in_the_middle_gives_hosts_the_same_names() -> None:
    log = logged(beats(range(30), booted=5), beats(range(3, 30), boot=CLONE, booted=6))
    whole = named(HostNames(), log)
    for cut in (8, 20, 31, 44):
        assert named(HostNames(Past(log)), log[cut:]) == whole[cut:]
    again = HostNames(Past(log))
    assert named(again, [*log[20:30], *log[25:40]]) == [*whole[20:30], *whole[25:40]]


def facts(boot: str, run: int) -> HostFacts:
    return HostFacts(host_id="h1", boot_id=boot, run=run, window=T0, width=WIDTH, hostname="x")


def test_host_facts_follow_the_heartbeats_and_wait_for_them() -> None:
    log = logged(beats(range(12), booted=5), beats(range(3, 12), boot=CLONE, booted=6))
    names, copy = HostNames(), facts(CLONE, T0 + 3)
    first = facts(BOOT, T0)
    assert names.named(message("hosts", first), first) == first
    released = []
    for number, (record, beat) in enumerate(log):
        if number == 3:
            assert names.named(message("hosts", copy), copy) is None
        names.named(record, beat)
        released += names.decided(beat)
    assert [record.topic for record in released] == ["hosts"]
    for reported, name in ((first, "h1"), (copy, SECOND)):
        assert names.named(message("hosts", reported), reported).host_id == name


def test_the_links_of_a_clone_are_its_own_once_its_name_is_known() -> None:
    log = logged(beats(range(12), booted=5), beats(range(3, 12), boot=CLONE, booted=6))
    names, heard = HostNames(), LinkBatch(host_id="h1", boot_id=CLONE, run=T0 + 3, window=T0, width=WIDTH)
    for record, beat in log[:4]:
        names.named(record, beat)
    assert names.named(message("links", heard), heard) is None
    for record, beat in log[4:]:
        names.named(record, beat)
        assert names.decided(beat) == []
    assert names.named(message("links", heard), heard).host_id == SECOND


def test_records_without_a_host_are_passed_through() -> None:
    names, derived = HostNames(), EventBatch()
    assert names.named(message("events", encode(derived)), derived) is derived
    assert names.decided(derived) == []


def test_a_restarted_agent_reports_its_host_facts_anew() -> None:
    log = logged(beats(range(5)), beats(range(5, 9)))
    names, again = HostNames(), facts(BOOT, T0 + 5)
    for record, beat in log[:5]:
        names.named(record, beat)
    assert names.named(message("hosts", again), again) is None
    names.named(*log[5])
    assert len(names.decided(log[5][1])) == 1
    assert names.named(message("hosts", again), again) == again


def test_a_host_without_links_has_a_blank_row_that_takes_the_place_of_the_earlier_ones() -> None:
    head: dict[str, Any] = {"host_id": "h1", "boot_id": BOOT, "run": T0, "window": T0, "width": WIDTH}
    some = Links(interface=["eth0", "eth1"], chassis=["a", "b"], port=["1", "2"])
    assert FILL["links"](LinkBatch(**head, links=some))["seen"] == [T0, T0]
    blank = FILL["links"](LinkBatch(**head))
    assert (blank["host"], blank["interface"], blank["seen"]) == (["h1"], [""], [T0])


def test_usage_over_a_longer_time_is_no_peak() -> None:
    head: dict[str, Any] = {"host_id": "h1", "boot_id": BOOT, "run": T0, "window": T0 + 6 * WIDTH, "width": WIDTH}
    batch = ProcessBatch(**head, covers=7 * WIDTH, usage=Usage(pid=[1, 2], start=[5, 5], cpu_ms=[700, 71]))
    rows = FILL["processes"](batch)
    for pid, whole in (("1", 700), ("2", 71)):
        mine = [cpu for cpu, node in zip(rows["cpu_ms"], rows["node"], strict=True) if f":{pid}:" in node]
        assert sum(mine) == whole
        assert max(mine) <= whole // 7 + 1
    assert len(set(rows["window"])) == 7
    beat = FILL["heartbeats"](Heartbeat(**head, covers=7 * WIDTH, network_sent_bytes=70, memory_used_bytes=9))
    assert beat["network_sent_bytes"] == [10] * 7
    assert beat["memory_used_bytes"] == [9] * 7


def test_a_span_of_any_length_makes_a_bounded_number_of_rows() -> None:
    head: dict[str, Any] = {"host_id": "h1", "boot_id": BOOT, "run": T0, "window": T0, "width": 100}
    usage = Usage(pid=list(range(5000)), start=[5] * 5000, cpu_ms=[1000] * 5000)
    rows = FILL["processes"](ProcessBatch(**head, covers=2**53, usage=usage))
    assert len(rows["node"]) <= 100_000
    assert sum(rows["cpu_ms"]) == 5_000_000
