"""After a time without counting, sums are exact, no window is a peak, none seems idle, and the gap is an event."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from log.protocol import Record
from schemas.graph import Ends
from schemas.raw import Batch, ConnectionBatch, Connections, Heartbeat
from tests.streams.build import NETNS, T0, WIDTH, batches, columns, connection, message, request
from tests.streams.tables import SEEN, Tables, difference, shuffled, tables

KEYFRAME = 6
SENT, OPENED, CLOSED = (Ends.__struct_fields__.index(name) for name in ("sent_bytes", "opened", "closed"))
HERE, THERE = "10.0.0.1:33000", "10.0.0.9:80"
Row = dict[str, Any]
Sent = list[tuple[str, Batch]]


def logged(sent: Sent) -> list[Record]:
    return [message(topic, batch) for topic, batch in sent]


def read(sent: Sent) -> Tables:
    return tables(logged(sent))


def emitted(read: Tables, column: int = SENT) -> dict[str, dict[int, int]]:
    """Return flow -> window -> counters of its lower end."""
    found: dict[str, dict[int, int]] = {}
    for edge, _, a, *_ in read["edges"].values():
        if a[SEEN]:
            found.setdefault(edge[1], {})[(edge[0] - T0) // WIDTH] = int(a[column])
    return found


def window(at: int, *rows: Row, run: int = T0, seq: int, begins: float | None = None, **more: Any) -> Sent:
    """Return a window whose counters begin at window `begins`; None if they begin with the window."""
    covers = 0 if begins is None else round((at + 1 - begins) * WIDTH)
    parts = batches(at, run=run, seq=seq, connections=list(rows), booted=5, covers=covers, **more)
    return list(parts.items())


def standing(sent: int, total: int = 0, *, cookie: int = 1, at: int = 0, port: int = 33000, **more: Any) -> Row:
    return connection(cookie, f"10.0.0.1:{port}", THERE, at=at, fresh=False, sent=sent, sent_total=total, **more)


FLOW = f"tcp {HERE} {THERE}"


def test_the_counters_of_a_stopped_agent_are_shared_out_over_the_stop() -> None:
    sent = [*window(0, standing(100), seq=0), *window(1, standing(100), seq=1)]
    sent += window(8, standing(700), seq=2, begins=2)  # seven windows
    sent += window(9, standing(100), seq=3)
    assert emitted(read(sent))[FLOW] == dict.fromkeys(range(10), 100)


def test_sums_stay_exact_when_they_cannot_be_divided() -> None:
    sent = [*window(0, standing(100), seq=0), *window(7, standing(1000), seq=1, begins=1)]
    windows = emitted(read(sent))[FLOW]
    assert sum(windows.values()) == 1100
    assert {windows[at] for at in range(1, 8)} == {142, 143}


def test_a_connection_without_counters_is_in_every_window() -> None:
    sent = [*window(0, standing(0), standing(5, cookie=2, port=33001), seq=0)]
    sent += window(7, standing(70, cookie=2, port=33001), seq=1, begins=1)
    assert emitted(read(sent))[FLOW] == dict.fromkeys(range(8), 0)


def test_connections_that_opened_and_closed_meanwhile_are_no_peak() -> None:
    brief = [
        connection(9 + n, f"10.0.0.1:{4000 + n}", THERE, at=7, sent=10, opened=True, closed=True) for n in range(14)
    ]
    found = read([*window(0, standing(0), seq=0), *window(7, *brief, seq=1, begins=1)])
    for column, each in ((OPENED, 2), (CLOSED, 2), (SENT, 20)):
        sums = [0] * 8
        for windows in emitted(found, column).values():
            for at, value in windows.items():
                sums[at] += value
        assert sums == [0, *[each] * 7]


def test_requests_are_shared_out_too() -> None:
    sent = [*window(0, standing(0), seq=0)]
    sent += window(7, standing(70), seq=1, begins=1, requests=[request(HERE, THERE, count=21, serves=False)])
    counts = {(key[0] - T0) // WIDTH: sum(row[5].values()) for key, row in read(sent)["requests"].items()}
    assert counts == dict.fromkeys(range(1, 8), 3)


@pytest.mark.parametrize("gap", [0, 1, 4])
def test_a_restarted_agent_catches_up_by_the_kernels_totals(gap: int) -> None:
    sent = [*window(0, standing(0, 1000), seq=0), *window(1, standing(100), seq=1)]
    after = 2 + gap
    counted = 1100 + 100 * gap + 50  # half of the window in which the new one began
    sent += window(after, standing(50, counted + 50, at=after), run=T0 + 9, seq=0, begins=after + 0.5)
    sent += window(after + 1, standing(100), run=T0 + 9, seq=1)
    windows = emitted(read(sent))[FLOW]
    assert sum(windows.values()) == 100 * (after + 1)
    assert all(90 <= windows[at] <= 110 for at in range(1, after + 2))


def test_an_agent_restarted_within_a_window_reports_all_of_it() -> None:
    sent = [*window(0, standing(0, 1000), seq=0)]
    sent += window(1, standing(30), seq=1, stopped=T0 + WIDTH + 3000)
    sent += window(1, standing(20, 1100), run=T0 + WIDTH + 8000, seq=0, begins=1.8)
    assert emitted(read(sent))[FLOW] == {0: 0, 1: 100}


def test_a_connection_opened_in_a_hole_is_caught_up_and_one_older_than_all_agents_is_not() -> None:
    sent = window(0, standing(0, 5000), seq=0)
    sent += window(3, standing(0, 5000), standing(0, 90, cookie=2, port=33001), run=T0 + 9, seq=0, begins=3)
    found = emitted(read(sent))
    assert sum(found[FLOW].values()) == 0
    assert sum(found[f"tcp 10.0.0.1:33001 {THERE}"].values()) == 90


CONTAINER, OLD = NETNS + 99, 10**12
IN_IT = 9  # the cookie of its connection
IN_CONTAINER = f"tcp 10.0.0.1:{33000 + IN_IT} {THERE}"


def seeing(sent: Sent, *rows: Row) -> Sent:
    """Return a window whose agent also looked at a container's namespace, and the connections that it has there."""
    seen: Sent = []
    for topic, batch in sent:
        if isinstance(batch, ConnectionBatch):
            there = columns(Connections, list(rows))
            seen += [(topic, batch), (topic, replace(batch, part=1, netns=CONTAINER, connections=there))]
        elif isinstance(batch, Heartbeat):
            seen.append((topic, replace(batch, sent=batch.sent | {"connections": 2})))
        else:
            seen.append((topic, batch))
    return seen


def inside(sent: int, total: int, **more: Any) -> Row:
    return standing(sent, total, cookie=IN_IT, port=33000 + IN_IT, **more)


def test_the_life_of_connections_is_not_caught_up_in_a_namespace_that_is_looked_at_for_the_first_time() -> None:
    sent = window(0, standing(0, 5000), seq=0)
    sent += seeing(window(3, standing(0, 5000), run=T0 + 9, seq=0, begins=3), inside(7, OLD))
    found = read(sent)
    assert emitted(found)[IN_CONTAINER] == {3: 7}
    assert not any(emitted(found, OPENED)[IN_CONTAINER].values())


def test_nor_if_it_was_looked_at_first_in_a_window_before_the_hole() -> None:
    sent = window(0, standing(0, 5000), seq=0)
    sent += seeing(window(1, standing(0), seq=1), inside(7, 0))
    sent += seeing(window(3, standing(0, 5000), run=T0 + 9, seq=0, begins=3), inside(0, OLD))
    assert sum(emitted(read(sent))[IN_CONTAINER].values()) == 7


def test_a_connection_that_opened_in_a_hole_is_caught_up_in_a_namespace_that_was_looked_at() -> None:
    sent = seeing(window(0, standing(0, 5000), seq=0))
    sent += seeing(window(3, standing(0, 5000), run=T0 + 9, seq=0, begins=3), inside(0, 90))
    assert sum(emitted(read(sent))[IN_CONTAINER].values()) == 90


def test_a_connection_that_its_agent_saw_open_is_caught_up_in_any_namespace() -> None:
    sent = window(0, standing(0, 5000), seq=0)
    sent += seeing(window(1, standing(0), seq=1), inside(7, 0) | {"fresh": True, "opened": True})
    sent += seeing(window(3, standing(0, 5000), run=T0 + 9, seq=0, begins=3), inside(0, 97))
    assert sum(emitted(read(sent))[IN_CONTAINER].values()) == 97


def test_a_lost_batch_is_caught_up_by_the_next_keyframe() -> None:
    sent: Sent = []
    for at in range(8):
        row = standing(100, 1000 + 100 * at)
        sent += [
            (topic, batch)
            for topic, batch in window(at, row, seq=at, keyframe=at in {0, 6})
            if (at, topic) != (3, "connections")
        ]
    assert emitted(read(sent))[FLOW] == dict.fromkeys(range(8), 100)


def test_totals_that_an_agent_does_not_send_are_not_made_up() -> None:
    old = list(batches(0, connections=[standing(0)]).items())
    new = window(3, standing(0, 10**12), run=T0 + 9, seq=0, begins=3)
    assert emitted(read([*old, *new]))[FLOW] == {0: 0, 3: 0}


def test_a_long_absence_is_not_caught_up_because_a_reader_that_starts_meanwhile_cannot() -> None:
    sent = [*window(0, standing(0, 1000), seq=0)]
    sent += window(40, standing(0, 9000, at=40), run=T0 + 9, seq=0, begins=40)
    assert emitted(read(sent))[FLOW] == {0: 0, 40: 0}


@dataclass
class Truth:
    """Connections that send bytes all the time, and the log of their agent, which is stopped, killed and restarted.

    Agents after the first one also look at the namespace of a container, whose connection has long been open.
    """

    random: Random
    clock: int = 0  # tenths of windows
    sums: dict[int, int] = field(default_factory=dict)
    log: Sent = field(default_factory=list)
    looks: bool = False

    def pass_(self, tenths: int) -> None:
        self.clock += tenths
        for cookie in self.sums:
            self.sums[cookie] += self.random.choice((0, 0, 1, 7, 1000)) * tenths

    def live(self) -> None:
        """Run an agent for some windows, with stops, until it is killed or ends."""
        began, seq, run = self.clock, 0, T0 + self.clock * WIDTH // 10
        counted = dict(self.sums)
        since, first = began, self.clock // 10
        for _ in range(self.random.randint(1, 9)):
            self.pass_(10 - self.clock % 10 + self.random.choice((0, 0, 0, 10, 50)))
            at = self.clock // 10 - 1
            rows = [
                standing(total - counted[cookie], total, cookie=cookie, port=33000 + cookie, at=first)
                for cookie, total in self.sums.items()
                if cookie != IN_IT
            ]
            there = self.sums[IN_IT]
            keyframe = seq == 0 or at // KEYFRAME != (since // 10 - 1) // KEYFRAME
            more: dict[str, Any] = {"keyframe": keyframe, "begins": since / 10}
            seen = window(at, *rows, run=run, seq=seq, **more)
            self.log += seeing(seen, inside(there - counted[IN_IT], there, at=first)) if self.looks else seen
            seq, since, counted = seq + 1, self.clock, dict(self.sums)
        self.looks = True
        self.pass_(self.random.choice((0, 3, 17)))  # counted, and never reported


def troubled(seed: int) -> Truth:
    random = Random(seed)
    truth = Truth(random, sums={cookie: random.randint(0, 5000) for cookie in range(1, 4)} | {IN_IT: OLD})
    for _ in range(random.randint(2, 5)):
        truth.live()
        truth.pass_(random.choice((1, 4, 25, 60)))
    truth.live()
    return truth


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9))
def test_standing_connections_lose_no_byte_over_any_number_of_restarts_and_none_counts_twice(seed: int) -> None:
    truth = troubled(seed)
    random, messages = Random(seed), logged(truth.log)
    found = tables(messages)
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for _, batch in truth.log:
        if isinstance(batch, ConnectionBatch):
            for cookie, total, sent in zip(
                batch.connections.cookie, batch.connections.sent_total, batch.connections.sent_bytes, strict=True
            ):
                first.setdefault(cookie, total - sent)
                last[cookie] = total
    sums = {flow: sum(windows.values()) for flow, windows in emitted(found).items()}
    assert sums == {f"tcp 10.0.0.1:{33000 + cookie} {THERE}": last[cookie] - first[cookie] for cookie in last}
    assert not difference(found, tables(messages, order=shuffled(random, lambda one: one.topic)))
    assert not difference(found, tables(messages, restarts=[random.randrange(len(messages) + 1)]))


def events(found: Tables, kind: str) -> list[tuple[float, str]]:
    return sorted(((key[0] - T0) / WIDTH, row[-1]) for key, row in found["events"].items() if key[1] == kind)


@pytest.mark.parametrize(("at", "kind"), [(4, "host_silent"), (3, "gap")])
def test_a_gap_is_reported_window_by_window(at: int, kind: str) -> None:
    sent = [*window(0, standing(0, 0), seq=0), *window(1, standing(0), seq=1)]
    sent += window(at, standing(0), run=T0 + 9, seq=0, begins=at + 0.25)
    ((began, detail),) = events(read(sent), kind)
    assert began == 2
    windows = ["08:00:20 (10.0 s)", "08:00:30 (10.0 s)", "08:00:40 (2.5 s)"]
    assert (
        ", in windows " + ", ".join([*windows[: at - 2], f"08:00:{at}0 (2.5 s)"]) + ": connections that opened"
        in detail
    )


def test_a_window_that_covers_a_sleep_is_no_gap_and_a_lost_window_is() -> None:
    slept = [*window(0, standing(0), seq=0), *window(5, standing(0), seq=1, begins=1)]
    assert events(read(slept), "gap") == []
    ((_, detail),) = events(read(slept), "host_silent")
    assert "its next report covers all of that time" in detail
    lost = [*window(0, standing(0), seq=0), *window(2, standing(0), seq=2)]
    assert [at for at, _ in events(read(lost), "gap")] == [1]


def test_a_window_without_one_of_its_batches_is_an_event() -> None:
    sent = [each for at in range(4) for each in window(at, standing(0), seq=at) if (at, each[0]) != (2, "owners")]
    assert events(read(sent), "window_incomplete") == [(2, "owners of one's window 08:00:20 never came")]
