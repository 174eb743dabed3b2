"""The state of the folds stops growing, however long they run and however many short lives they see."""

from collections.abc import Callable
from typing import Any
from weakref import ref

import pytest

from log.protocol import Record
from schemas.ids import parse_flow
from streams import pair as pair_module
from streams.attribute import Attribution
from streams.contested import Contests
from streams.frame import Frame
from streams.pair import BACK_MS, KEPT_MS
from streams.rewind import STRETCH_MS
from streams.scope import MOST_KNOWN, Place, Scopes
from streams.stage import AttributeStage, PairStage
from tests.streams.build import T0, WIDTH, batches, connection, holds, listener, message, process, request
from tests.streams.test_pair import pairing, side

SHORT = 20  # connections and processes that come and go in every window
LONG = 10  # connections that stay


def kept(held: Any, seen: set[int] | None = None) -> int:
    """Count what is reachable: the items of all containers."""
    seen = set() if seen is None else seen
    if id(held) in seen or isinstance(held, str | bytes | int | float | bool | type | Callable | None):
        return 0
    seen.add(id(held))
    if isinstance(held, dict):
        return len(held) + sum(kept(each, seen) for pair in held.items() for each in pair)
    if isinstance(held, list | tuple | set | frozenset):
        return len(held) + sum(kept(each, seen) for each in held)
    fields = getattr(held, "__dict__", None) or {
        name: getattr(held, name) for name in getattr(held, "__struct_fields__", ())
    }
    return sum(kept(each, seen) for each in fields.values())


def minute(at: int, host: str, mine: str, theirs: str) -> list[Record]:
    """Return a window of one host: lasting connections, short ones, and a process for each short one."""
    new = range(at * SHORT, (at + 1) * SHORT)
    staying = [connection(n, f"{mine}:{30_000 + n}", f"{theirs}:80", sent=at) for n in range(1, LONG)]
    passing = [
        connection(1_000 + n, f"{mine}:{40_000 + n % 20_000}", f"{theirs}:80", at=at, opened=True, closed=True, sent=7)
        for n in new
    ]
    gone = [{"pid": 1_000 + n, "start": 100, "exited": T0 + at * WIDTH} for n in new]
    reported = batches(
        at,
        host=host,
        keyframe=at % 6 == 0,
        processes=[process(7, name="shop"), *(process(1_000 + n, at=at) for n in new)],
        exits=gone,
        connections=[*staying, *passing],
        listeners=[listener(3, 80)],
        owners=[*holds(7, *range(1, LONG), 3), *(each for n in new for each in holds(1_000 + n, 1_000 + n))],
        disowned=[{"cookie": 1_000 + n, "pid": 1_000 + n, "start": 100} for n in new],
        requests=[request(f"{mine}:{40_000 + n % 20_000}", f"{theirs}:80", serves=False) for n in new],
    )
    return [message(topic, batch) for topic, batch in reported.items()]


def test_memory_for_short_lived_processes_stops_growing_once_sides_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pair_module, "SPARE_ROWS", 1_000)
    attribute, pair = AttributeStage(), PairStage()
    level: list[int] = []
    for at in range(4 * KEPT_MS // WIDTH):
        for host, mine, theirs in (("h1", "10.0.0.1", "10.0.0.9"), ("h2", "10.0.0.2", "10.0.0.9")):
            for record in minute(at, host, mine, theirs):
                for made in attribute.feed(record):
                    if made.topic == "sides":
                        pair.feed(Record("sides", 0, 0, record.timestamp, made.key, made.value))
        if at % 6 == 5:
            level.append(kept(attribute) + kept(pair))

    settled = level[len(level) // 2 :]  # twice the time
    assert max(settled) < 1.02 * min(settled), level
    assert max(level) == pytest.approx(max(settled), rel=0.02)


def test_no_side_waits_longer_than_a_restart_reads_again() -> None:
    assert KEPT_MS <= STRETCH_MS


def test_few_sides_wait_for_an_hour_and_many_for_a_shorter_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_module, "SPARE_ROWS", 40)
    few, many = pairing(), pairing()
    for at in range(2 * BACK_MS // WIDTH):
        if at % 10 == 0:
            few.feed(side(0, at=at))
        for n in range(2):
            many.feed(side(0, at=at, flow=f"tcp 10.0.0.1:{n} 10.0.0.9:80"))

    assert few._rows == pytest.approx(BACK_MS // WIDTH // 10, abs=1)
    assert many._rows == pytest.approx(2 * KEPT_MS // WIDTH, abs=4)


def test_the_stacks_of_a_flow_are_kept_until_its_newest_window_is_forgotten() -> None:
    contests, frames = Contests(), {at: Frame(T0 + at * WIDTH, WIDTH) for at in range(3)}
    for at, port in ((1, 5), (0, 5), (0, 6), (2, 7)):  # a window may come late
        sides = side(0, at=at, flow=f"tcp 10.0.0.1:{port} 10.0.0.9:80")
        sides.sides.stack[:] = ["boot/7"]
        contests.take(frames, frames[at], sides, [0])
        frames[at].add(sides, [0])
    known = []
    for at in range(3):
        contests.forget(frames.pop(at))
        known.append(len(contests._stacks[0]))

    assert known == [2, 1, 0]
    assert not contests._newest


def test_caches_are_bounded() -> None:
    assert parse_flow.cache_info().maxsize == 30_000
    scopes = Scopes("h1")
    for n in range(2 * MOST_KNOWN):
        assert scopes.of(f"10.0.{n // 256}.{n % 256}", n % 2) == ""
    assert len(scopes._known) <= MOST_KNOWN


def test_addresses_of_a_host_that_have_changed_are_kept_no_longer() -> None:
    before = Scopes("h1", [Place(7, "172.17.0.1", 16, local=True, segment="docker0")])
    assert before.of("172.17.0.2", 7) == "h1/docker0"
    gone = ref(before)
    del before

    assert gone() is None


def test_holders_of_connections_that_have_closed_are_kept_no_longer() -> None:
    attribution = Attribution()
    sizes = []
    for at in range(8):  # programs in the kernel report each holder, and no scan sees it go
        new = range(100 * at, 100 * at + 100)
        reported = batches(
            at,
            keyframe=at == 0,
            processes=[process(7)] * (at == 0),
            connections=[
                connection(n, f"10.0.0.1:{30_000 + n}", "10.0.0.9:80", at=at, opened=True, closed=True) for n in new
            ],
            owners=[{**row, "provenance": "BPF"} for row in holds(7, *new)],
        )
        for topic, batch in reported.items():
            attribution.feed(topic, batch)
        (fold,) = attribution._folds.values()
        sizes.append(kept(fold._host))

    assert max(sizes[3:]) == min(sizes[3:])
