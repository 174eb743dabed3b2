"""A connection counts once and both its ends are known, however far the clocks of the two hosts are apart."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from math import floor
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.graph import Ends, Identities, SideBatch, Sides, bit
from schemas.verdict import b_serves, connected, listens
from streams.connection import nobody
from streams.meetings import MANY
from streams.pair import Pairing
from streams.stage import Emission
from tests.streams.build import Row, columns
from tests.streams.tables import edges_of

WIDTH, T0 = 5_000, 1_800_000_000_000
MOST_APART, MOST_LATE = 6, 3  # windows


class Talk(NamedTuple):
    """A connection: when its client opens it and how long it lasts, in windows, and its owners."""

    flow: int
    opens: float
    lasts: float
    client: int = 1
    server: int = 1
    late: int = -1  # windows after its opening in which its owners are found; -1: at once

    def begins(self, apart: float) -> int:
        """Return the window in which a host sees it open, whose clock is `apart` windows ahead of the client's."""
        return floor(self.opens + apart)

    def ends(self, apart: float) -> int:
        return floor(self.opens + self.lasts + apart)

    def at(self, window: int, apart: float) -> bool:
        return self.begins(apart) <= window <= self.ends(apart)

    @property
    def id(self) -> str:
        return f"tcp 10.0.0.1:{33_000 + self.flow} 10.0.0.9:80"


def who(host: str, number: int) -> Row:
    service = f"{'shop' if host == 'h1' else 'nginx'}{number}"
    return {
        "host": host,
        "node": f"process:{host}:b:{number}:1",
        "service": service,
        "started": T0 - 60_000 - number * 1_000,
    }


def sides(talks: Sequence[Talk], end: int, apart: float) -> Iterator[SideBatch]:
    """Return what one host reports of connections, window by window. It sees them `apart` windows later."""
    last = max(talk.ends(apart) for talk in talks)
    for at in range(min(talk.begins(apart) for talk in talks), last + MOST_LATE + 1):
        now = [talk for talk in talks if talk.at(at, apart)]
        if now:
            yield reported(talks, now, end, apart, at)
        for then in range(at - MOST_LATE, at):  # owners that are found now, of windows before
            found = [talk for talk in talks if talk.at(then, apart)]
            if any(talk.begins(apart) + talk.late == at for talk in found):
                yield reported(talks, found, end, apart, then, found_at=at)


def reported(
    talks: Sequence[Talk], now: Sequence[Talk], end: int, apart: float, at: int, found_at: int | None = None
) -> SideBatch:
    """Return what one host reports of a window; for owners that are `found_at` a later one, only their identities."""
    host = ("h1", "h2")[end]
    met: Counter[int] = Counter()
    keys, ends, known = [], [], []
    for talk in now:
        begun = talk.begins(apart)
        nth = met[talk.flow]
        met[talk.flow] += 1
        if found_at is not None and begun + talk.late != found_at:
            continue
        owned = begun + talk.late <= (at if found_at is None else found_at)
        verdict = listens(1, 33_000, 80) if end else connected(0, 33_000, 80)
        keys.append({"window": T0 + at * WIDTH, "flow": talk.id, "nth": nth, "end": end, "verdict": verdict})
        known.append(who(host, (talk.client, talk.server)[end]) if owned else unknown(host))
        happened = {"opened": at == begun, "closed": at == talk.ends(apart), "seen": True} if found_at is None else {}
        ends.append({"who": len(known), "since": T0 + begun * WIDTH, "fresh": True, **happened})
    return SideBatch(
        width=WIDTH, sides=columns(Sides, keys), identities=columns(Identities, known), ends=columns(Ends, ends)
    )


def unknown(host: str) -> Row:
    return dict(zip(Identities.__struct_fields__, nobody(host), strict=True))


def folded(one: Sequence[SideBatch], other: Sequence[SideBatch], turns: Sequence[bool]) -> dict[Any, Any]:
    """Feed the sides of two hosts, in turns and each in its order; return the rows of edges."""
    pairing, waiting, emitted = Pairing(Counter()), [list(one), list(other)], []
    for turn in (*turns, *[False] * len(one), *[True] * len(other)):
        if waiting[turn]:
            emitted += pairing.feed(waiting[turn].pop(0))
    return edges_of([Emission("edges", b"", encode(batch)) for batch in emitted])


def own(hosts: Sequence[Sequence[SideBatch]]) -> dict[Any, Any]:
    """Return the latest known identity of each end, by its row."""
    found = {}
    for end, batches in enumerate(hosts):
        for batch in batches:
            named = list(batch.identities.rows())
            keys = zip(batch.sides.window, batch.sides.flow, batch.sides.nth, batch.ends.who, strict=True)
            for window, flow, nth, number in keys:
                if named[number - 1][1]:
                    found[window, flow, nth, end] = named[number - 1]
    return found


def counts(rows: dict[Any, Any], what: str) -> Counter[str]:
    """Return how often something happened on each flow, by the client if it saw it, and else by the server."""
    found: Counter[str] = Counter()
    names = Ends.__struct_fields__
    for edge, _, a, _, b in rows.values():
        client, server = (dict(zip(names, end, strict=True)) for end in (a, b))
        _, flow, _, verdict, _, elsewhere = edge
        assert b_serves(verdict)
        found[flow] += client[what] if client["seen"] else server[what] and not elsewhere & bit(1, what)
    return found


def one_after_another(drawn: list[list[tuple[float, float, int, int, int]]]) -> list[Talk]:
    """Make connections of some flows. A flow has one at a time; the next may open in the window in which it ends."""
    talks = []
    for flow, each in enumerate(drawn):
        at = 0.0
        for gap, lasts, client, server, late in each:
            talks.append(Talk(flow, at + gap, lasts, client, server, late))
            at += gap + lasts
    return talks


def eighths(least: int, most: int) -> st.SearchStrategy[float]:
    """Draw a time in windows, in steps of an eighth."""
    return st.integers(8 * least, 8 * most).map(lambda time: time / 8)


apart = eighths(-MOST_APART, MOST_APART)
turns = st.lists(st.booleans(), max_size=40)
SILENT = st.tuples(st.integers(0, 1), st.integers(0, 20))  # which host is silent, after how many reports
PROCESS = st.integers(1, 2)
TALKS = st.lists(
    st.lists(
        st.tuples(eighths(0, 8), eighths(0, 3), PROCESS, PROCESS, st.integers(-1, MOST_LATE)), min_size=1, max_size=4
    ),
    min_size=1,
    max_size=2,
).map(one_after_another)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 9)), min_size=1, max_size=6), apart, turns)
def test_a_connection_counts_once_and_both_ends_are_known(
    drawn: list[tuple[int, int]], apart: float, turns: list[bool]
) -> None:
    talks = [Talk(number, *one) for number, one in enumerate(drawn)]

    rows = folded(list(sides(talks, 0, 0)), list(sides(talks, 1, apart)), turns)

    once = Counter(talk.id for talk in talks)
    assert counts(rows, "opened") == once
    assert counts(rows, "closed") == once
    named = {(client[2], server[2]) for _, client, _, server, _ in rows.values()}
    assert named == {("shop1", "nginx1")}


@given(TALKS, apart, turns, turns)
def test_the_order_of_hosts_changes_nothing(
    talks: list[Talk], apart: float, one: list[bool], other: list[bool]
) -> None:
    hosts = list(sides(talks, 0, 0)), list(sides(talks, 1, apart))

    assert folded(*hosts, one) == folded(*hosts, other)


@given(TALKS, apart, turns)
def test_an_identity_that_is_seen_in_a_window_is_exact(talks: list[Talk], apart: float, turns: list[bool]) -> None:
    hosts = list(sides(talks, 0, 0)), list(sides(talks, 1, apart))

    rows = folded(*hosts, turns)

    for (*key, end), there in own(hosts).items():
        assert rows[tuple(key)][1 + 2 * end] == there


@given(TALKS, apart, turns, SILENT)
def test_an_unseen_end_is_never_another_process(
    talks: list[Talk], apart: float, turns: list[bool], silent: tuple[int, int]
) -> None:
    assert_nobody_else(talks, apart, turns, silent)


def test_nor_one_whose_own_connection_the_other_end_saw_too_long_ago() -> None:
    """Port 33000 passes from a process to another, whose agent is silent by then."""
    assert_nobody_else([Talk(0, 0, 0, client=2), Talk(0, 8, 0, client=1)], -1, [], (0, 1))


def assert_nobody_else(talks: list[Talk], apart: float, turns: list[bool], silent: tuple[int, int]) -> None:
    """Check each row that only one end saw: the identity of the other end is right, common to several, or not known."""
    hosts = list(sides(talks, 0, 0)), list(sides(talks, 1, apart))
    quiet, reports = silent
    del hosts[quiet][reports:]
    rows = folded(*hosts, turns)

    for window, end in product({key[0] for key in rows}, (0, 1)):
        now = [talk for talk in talks if talk.at((window - T0) // WIDTH, apart if end else 0)]
        nths: Counter[str] = Counter()
        for talk in now:
            row = rows.get((window, talk.id, nths[talk.id]))
            nths[talk.id] += 1
            if row is None or not dict(zip(Ends.__struct_fields__, row[2 + 2 * end], strict=True))["seen"]:
                continue
            other = dict(zip(Ends.__struct_fields__, row[4 - 2 * end], strict=True))
            _, node, service, *_ = row[3 - 2 * end]
            if not other["seen"]:
                right = who("h1", talk.client) if end else who("h2", talk.server)
                assert node in {"", right["node"]}
                assert service in {"", right["service"]}


@pytest.mark.parametrize("turns", [[], [True] * 9])
def test_if_two_identities_are_possible_the_end_is_what_they_have_in_common(turns: list[bool]) -> None:
    talks = [Talk(0, 0, 0, client=1), Talk(0, 1, 0, client=2)]

    rows = folded(list(sides(talks, 0, 0)), list(sides(talks, 1, 3)), turns)

    of_server = [client for (window, _, _), (_, client, *_) in rows.items() if window >= T0 + 3 * WIDTH]
    assert [(client[0], client[1], client[2]) for client in of_server] == [("h1", "", "")] * 2


def test_an_identity_seen_here_wins_over_one_seen_in_another_window() -> None:
    talks = [Talk(0, 0, 0, client=1), Talk(0, 2, 0, client=2)]

    rows = folded(list(sides(talks, 0, 0)), list(sides(talks, 1, 0)), [])

    assert [client[2] for _, client, *_ in rows.values()] == ["shop1", "shop2"]


def test_a_window_without_a_seen_end_has_the_same_names_in_any_order() -> None:
    talks = [Talk(0, 0, 0), Talk(0, 2, 3, late=MOST_LATE)]
    clients, servers = list(sides(talks, 0, 0))[:2], list(sides(talks, 1, 0))
    for batch in servers[2:]:
        batch.ends.seen[:] = [False] * len(batch.ends.seen)

    assert folded(clients, servers, [False] * 9) == folded(clients, servers, [True] * 9)


@pytest.mark.parametrize("turns", [[], [True] * 9])
@pytest.mark.parametrize(("times", "service"), [(MANY // 2, "shop1"), (MANY // 2 + 1, "")])
def test_an_end_in_a_chain_of_many_openings_is_its_host_alone(times: int, service: str, turns: list[bool]) -> None:
    talks = [Talk(0, 2 * at, 0) for at in range(times)]

    rows = folded(list(sides(talks, 0, 0)), list(sides(talks, 1, 1)), turns)

    of_server = [client for (window, _, _), (_, client, *_) in rows.items() if (window - T0) // WIDTH % 2]
    assert {(client[0], client[2]) for client in of_server} == {("h1", service)}
