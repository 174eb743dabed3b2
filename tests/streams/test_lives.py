"""Several agents under one host id are kept apart, and none hides another."""

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from log.protocol import Record
from schemas.graph import Ends
from schemas.raw import Batch
from streams.attribute import Attribution
from tests.streams.build import BOOT, NETNS, T0, WIDTH, batches, connection, message
from tests.streams.tables import SEEN, Tables, difference, shuffled, tables

KEYFRAME = 6
CLONE = "c1011e00-0000"
Sent = list[tuple[str, Batch]]
some = settings(max_examples=15, suppress_health_check=list(HealthCheck))


def agent(
    windows: range, *, run: int | None = None, bytes_: int = 100, cookie: int = 1, stopped: bool = False, **more: Any
) -> dict[int, Sent]:
    """Return the batches of an agent, window by window, with one connection that sends so many bytes in each."""
    began = windows.start
    windows_sent: dict[int, Sent] = {}
    for seq, at in enumerate(windows):
        windows_sent[at] = list(
            batches(
                at,
                run=T0 + began * WIDTH + 7 if run is None else run,
                seq=seq,
                keyframe=seq == 0 or at % KEYFRAME == 0,
                connections=[connection(cookie, "10.0.0.1:33000", "10.0.0.9:80", at=began, fresh=False, sent=bytes_)],
                stopped=T0 + (at + 1) * WIDTH - 5 if stopped and at == windows[-1] else 0,
                **more,
            ).items()
        )
    return windows_sent


def together(*agents: dict[int, Sent]) -> Sent:
    """Return the batches of several agents, window after window, the agents in turn."""
    moments = sorted({at for one in agents for at in one})
    return [each for at in moments for one in agents for each in one.get(at, ())]


def read(sent: Sent) -> Tables:
    return tables(logged(sent))


def logged(sent: Sent) -> list[Record]:
    """Return the batches as records. Their time is that of the latest window so far."""
    messages, now = [], 0
    for topic, batch in sent:
        now = max(now, batch.window + batch.width)
        messages.append(message(topic, batch)._replace(timestamp=now))
    return messages


def emitted(read: Tables, host: str = "h1") -> dict[int, int]:
    """Return window -> bytes that the ends of a host sent in it."""
    sums: dict[int, int] = {}
    for edge, who, a, *_ in read["edges"].values():
        if who[0] == host and a[SEEN]:
            at = (edge[0] - T0) // WIDTH
            sums[at] = sums.get(at, 0) + a[EDGE_SENT]
    return sums


EDGE_SENT = Ends.__struct_fields__.index("sent_bytes")


def events(read: Tables, *kinds: str) -> list[tuple[int, str, str, str]]:
    """Return time, kind, object and subject of the events of some kinds."""
    return sorted(key[:4] for key in read["events"] if key[1] in kinds)


def shared(read: Tables) -> list[str]:
    return [kind for _, kind, *_ in events(read, "host_id_shared", "host_id_unshared")]


SERVICE: dict[str, Any] = {"bytes_": 100, "alone": True}
BY_HAND: dict[str, Any] = {"bytes_": 1, "alone": False}


@pytest.mark.parametrize("beside", [0, 4711])
def test_a_second_agent_on_the_same_machine_is_set_aside_and_named(beside: int) -> None:
    service = agent(range(30), **SERVICE)
    tried = agent(range(8, 11), beside=beside, stopped=True, **BY_HAND)
    found = read(together(service, tried))
    windows = emitted(found)
    assert sorted(windows) == list(range(30))
    bounds = (
        0 if beside else 1
    )  # an agent that does not report that it is the second is believed, until the first reports
    assert [at for at in windows if windows[at] != 100 and not 8 <= at <= 12] == []
    assert all(100 <= windows[at] <= 100 + bounds for at in windows)
    assert shared(found) == ["host_id_shared", "host_id_unshared"]


@pytest.mark.parametrize("beside", [0, 4711])
def test_a_second_agent_takes_over_when_the_first_reports_its_end(beside: int) -> None:
    first = agent(range(12), **SERVICE)
    second = agent(range(3, 30), beside=beside, **BY_HAND)
    found = read(together(first, second))
    windows = emitted(found)
    assert {at: windows[at] for at in range(3)} == dict.fromkeys(range(3), 100)
    assert {at: windows.get(at) for at in range(18, 30)} == dict.fromkeys(range(18, 30), 1)
    assert shared(found) == ["host_id_shared", "host_id_unshared"]


def test_two_machines_with_one_id_are_two_hosts_and_one_of_them_keeps_the_id() -> None:
    addresses = [{"name": "eth0", "address": "10.0.0.1", "prefix": 24}]
    old = agent(range(30), hostname="web", booted=T0 - 90, interfaces=addresses, **SERVICE)
    clone = other(range(8, 30), boot=CLONE, booted=T0 + 8 * WIDTH - 50, hostname="copy")
    found = read(together(old, clone))
    assert apart(found) == {"h1": set(range(30)), SECOND: set(range(8, 30))}
    assert emitted(found) == dict.fromkeys(range(30), 100)
    ((_, _, subject, elder),) = events(found, "host_id_shared")
    assert (subject, elder) == (f"host:{SECOND}", "host:h1")
    (detail,) = (row[-1] for key, row in found["events"].items() if key[1] == "host_id_shared")
    assert "web (10.0.0.1, boot b0071d00" in detail
    assert "copy (boot c1011e00" in detail


def apart(read: Tables) -> dict[str, set[int]]:
    """Return host -> windows that were emitted for it."""
    found: dict[str, set[int]] = {}
    for edge, a, _, b, _ in read["edges"].values():
        for who in (a, b):
            if who[0]:
                found.setdefault(who[0], set()).add((edge[0] - T0) // WIDTH)
    return found


def other(windows: range, **more: Any) -> dict[int, Sent]:
    """Return an agent whose connection is another flow than that of `agent`."""
    windows_sent = agent(windows, **more)
    for at, sent in windows_sent.items():
        mine = batches(at, connections=[connection(9, "10.0.0.2:4000", "10.0.0.9:80", at=windows.start, fresh=False)])
        windows_sent[at] = [
            (topic, _with(batch, mine["connections"]) if topic == "connections" else batch) for topic, batch in sent
        ]
    return windows_sent


def _with(batch: Any, mine: Any) -> Batch:
    fields = {name: getattr(batch, name) for name in batch.__struct_fields__}
    return type(batch)(**{**fields, "connections": mine.connections})  # type: ignore[no-any-return]


SECOND = f"h1-{CLONE[:8]}-{NETNS}"


@pytest.mark.parametrize("netns", [NETNS, 4026532008])
def test_the_map_of_one_machine_stays_right_when_the_other_leaves(netns: int) -> None:
    boot = CLONE if netns == NETNS else BOOT
    name = f"h1-{boot[:8]}-{netns}"
    old = agent(range(30), booted=5, **SERVICE)
    clone = other(range(4, 16), boot=boot, booted=6, netns=netns)
    found = read(together(old, clone))
    assert apart(found) == {"h1": set(range(30)), name: set(range(4, 16))}
    assert shared(found) == ["host_id_shared", "host_id_unshared"]

    old, clone = agent(range(16), booted=5, **SERVICE), other(range(4, 40), boot=boot, booted=6, netns=netns)
    seen = apart(read(together(old, clone)))
    assert seen[name] | seen["h1"] == set(range(40))
    assert seen["h1"] >= {*range(16), *range(24, 40)}  # it has the id to itself again
    assert seen[name] & set(range(24, 40)) == set()


def test_a_restart_or_a_reboot_is_not_two_agents() -> None:
    reboot: dict[str, Any] = {"boot": CLONE, "booted": T0 + 11 * WIDTH}
    for successor in ({}, reboot):
        for gap in (0, 1, 5):
            first, second = agent(range(10), **SERVICE), agent(range(10 + gap, 20), **{**SERVICE, **successor})
            found = read(together(first, second))
            assert shared(found) == []
            assert sorted(emitted(found)) == [*range(10), *range(10 + gap, 20)]
            assert set(apart(found)) == {"h1"}


def test_a_delayed_heartbeat_of_a_killed_agent_is_no_sign_of_life() -> None:
    first, second = agent(range(10), **SERVICE), agent(range(9, 20), **SERVICE)
    sent = together({at: each for at, each in first.items() if at < 9}, {9: second[9]}, {9: first[9]})
    found = read([*sent, *together({at: each for at, each in second.items() if at > 9})])
    assert shared(found) == []
    assert sorted(emitted(found)) == list(range(20))


def test_a_new_run_after_the_clock_was_set_back_is_no_second_agent() -> None:
    first = agent(range(10, 20), **SERVICE)
    second = agent(range(2, 12), run=T0 + 2 * WIDTH, alone=True, bytes_=100)
    found = read([*together(first), *together(second)])
    assert shared(found) == []
    assert sorted(emitted(found)) == list(range(2, 20))


def test_batches_that_an_agent_sends_late_do_not_disturb_the_other_agent() -> None:
    old, clone = agent(range(30), booted=5, **SERVICE), other(range(4, 30), boot=CLONE, booted=6)
    away = range(10, 20)  # windows of the old one that came together, later
    on_time = {at: each for at, each in old.items() if at not in away}
    sent = together({at: each for at, each in on_time.items() if at < 20}, {a: s for a, s in clone.items() if a < 20})
    sent += together({at: old[at] for at in away})
    sent += together(
        {at: each for at, each in on_time.items() if at >= 20}, {a: s for a, s in clone.items() if a >= 20}
    )
    seen = apart(read(sent))
    assert seen["h1"] == set(range(30))
    assert seen[SECOND] >= set(range(4, 12)) | set(range(24, 30))


def test_redelivery_is_no_second_agent() -> None:
    once = together(agent(range(12), **SERVICE))
    fold = Attribution()
    for topic, batch in [*once, *once, *once[30:]]:
        fold.feed(topic, batch)
    assert fold.counters["windows_set_aside"] == fold.counters["batches_set_aside"] == 0
    assert read([*once, *once]) == read(once)


def test_copies_of_old_batches_do_not_make_a_second_agent() -> None:
    first, second = together(agent(range(4), **SERVICE)), together(agent(range(4, 20), **SERVICE))
    for repeated in range(0, len(first), 5):
        copies = [each for each in first[repeated:] if each[0] == "heartbeats"][:2]
        sent = [*first, *second[:20], copies[0], *second[20:30], *copies[1:], *second[30:]]
        whole = tables(logged(sent))
        assert shared(whole) == []
        for start in (len(first), len(first) + 5, len(first) + 15):
            assert not difference(whole, tables(logged(sent), then=logged(sent)[start:]))


def test_agents_are_bounded_however_many_come() -> None:
    fold = Attribution()
    for number in range(300):
        for topic, batch in batches(0, run=T0 + number, boot=f"{number:08x}-0", alone=False).items():
            fold.feed(topic, batch)
    assert len(fold._folds) <= 33
    assert len(fold._intake._lives._lives) <= 32


Spec = tuple[int, int, dict[str, Any], bool, bool]  # first window, how many, where, reports that it stops, has a lock
PLACES: list[dict[str, Any]] = [{}, {"boot": CLONE, "booted": T0 + 1}, {"netns": 4026532008}]
specs = st.tuples(st.integers(0, 14), st.integers(1, 30), st.sampled_from(PLACES), st.booleans(), st.booleans())


def lived(several: list[Spec]) -> Sent:
    """Agents under one id that begin and end anywhere; those that have a lock know whether they are alone."""
    agents = []
    for number, (began, count, where, stopped, locks) in enumerate(several):
        others = [one for one in several if one is not several[number] and one[2] == where]
        free = all(not one[0] <= began <= one[0] + one[1] for one in others)
        more = {"alone": locks and free, "beside": 9 if locks and not free else 0, **where}
        run = T0 + began * WIDTH + number
        agents.append(agent(range(began, began + count), run=run, stopped=stopped, bytes_=number + 1, **more))
    return together(*agents)


@some
@given(st.lists(specs, min_size=2, max_size=3), st.integers(0, 10**9))
def test_any_order_of_topics_and_any_start_of_a_reader_emit_the_same(several: list[Spec], seed: int) -> None:
    random, messages = Random(seed), logged(lived(several))
    straight = tables(messages)
    assert not difference(straight, tables(messages, order=shuffled(random, lambda one: one.topic)))
    restarts = [random.randrange(len(messages) + 1)]
    assert not difference(straight, tables(messages, restarts=restarts))


def test_an_id_that_stays_shared_is_reported_every_hour() -> None:
    hour = 3_600_000 // WIDTH
    found = read(together(agent(range(2 * hour + 9), booted=5, **SERVICE), other(range(9, 2 * hour + 9), boot=CLONE)))
    times = [at for at, *_ in events(found, "host_id_shared")]
    assert times == [T0 + 9 * WIDTH + 7, T0 + hour * WIDTH, T0 + 2 * hour * WIDTH]
