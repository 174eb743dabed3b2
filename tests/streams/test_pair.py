"""Both ends of a flow are joined, whichever comes first, and nothing is lost if only one end comes."""

from collections import Counter
from typing import Any

import pytest

from schemas.graph import EdgeBatch, Edges, Ends, Identities, SideBatch, Sides
from schemas.merge import merge
from schemas.verdict import b_serves, connected, listens
from streams.pair import Pairing
from tests.streams.build import T0, WIDTH, Row, columns

FLOW = "tcp 10.0.0.1:33000 10.0.0.9:80"
CLIENT: Row = {"host": "h1", "node": "process:h1:b:7:1", "name": "shop", "started": T0 - 5 * WIDTH}
SERVER: Row = {"host": "h2", "node": "process:h2:b:9:1", "name": "nginx", "started": T0 - 5 * WIDTH}


def side(end: int, *, at: int = 0, who: Row | None = None, flow: str = FLOW, **more: Any) -> SideBatch:
    """Return a batch with one row of one end."""
    about: Row = {name: more.pop(name) for name in ("nth", "verdict") if name in more}
    ends = {"who": 1 if who else 0, "seen": True, "since": T0, "fresh": True, **more}
    return SideBatch(
        width=WIDTH,
        sides=columns(Sides, [{"window": T0 + at * WIDTH, "flow": flow, "end": end, **about}]),
        identities=columns(Identities, [who] if who else []),
        ends=columns(Ends, [ends]),
    )


def emitted(batches: list[EdgeBatch]) -> list[tuple[int, str, str, int, int]]:
    """Return window, names of both ends, and the bytes that both sent."""
    rows = []
    for batch in batches:
        names = ["", *batch.identities.name]
        ends = (batch.a.who, batch.b.who, batch.a.sent_bytes, batch.b.sent_bytes)
        for window, a, b, a_sent, b_sent in zip(batch.edges.window, *ends, strict=True):
            rows.append(((window - T0) // WIDTH, names[a], names[b], a_sent, b_sent))
    return rows


def pairing(**bounds: int) -> Pairing:
    return Pairing(Counter(), **bounds)


@pytest.mark.parametrize("first", [0, 1])
def test_both_ends_come_together_in_either_order(first: int) -> None:
    sides = [side(0, who=CLIENT, sent_bytes=5), side(1, who=SERVER, sent_bytes=7)]
    pair = pairing()
    pair.feed(sides[first])
    assert emitted(pair.feed(sides[1 - first])) == [(0, "shop", "nginx", 5, 7)]


def test_one_end_alone_is_an_edge_as_well() -> None:
    assert emitted(pairing().feed(side(0, who=CLIENT, sent_bytes=5))) == [(0, "shop", "", 5, 0)]


def test_a_late_fact_merges_into_the_earlier_row_of_its_end() -> None:
    pair = pairing()
    pair.feed(side(0, sent_bytes=5))
    assert emitted(pair.feed(side(0, who=CLIENT, seen=False))) == [(0, "shop", "", 5, 0)]


def test_connections_of_one_flow_and_window_stay_apart() -> None:
    pair = pairing()
    pair.feed(side(0, who=CLIENT, sent_bytes=5))
    assert emitted(pair.feed(side(1, nth=1, who=SERVER))) == [(0, "", "nginx", 0, 0)]


def test_repetition_changes_nothing() -> None:
    pair = pairing()
    once = emitted(pair.feed(side(0, who=CLIENT, sent_bytes=5)))
    assert emitted(pair.feed(side(0, who=CLIENT, sent_bytes=5))) == once


@pytest.mark.parametrize(
    ("port_a", "port_b", "b_is_server"), [(7000, 7001, False), (7001, 7000, True), (80, 80, False)]
)
def test_if_both_ends_claim_the_same_the_lower_port_serves_then_the_lower_end(
    port_a: int, port_b: int, b_is_server: bool
) -> None:
    for claim in (listens, connected):
        assert b_serves(max(claim(0, port_a, port_b), claim(1, port_a, port_b))) == b_is_server


def test_a_listener_outweighs_a_verdict_by_ports() -> None:
    pair = pairing()
    pair.feed(side(0, verdict=connected(1, 80, 33000)))
    (edge,) = pair.feed(side(1, verdict=listens(0, 80, 33000)))
    assert edge.edges.verdict == [listens(0, 80, 33000)]


def gap(back: Row, since: int = 4, **more: Any) -> list[tuple[int, str, str, int, int]]:
    """Return what is emitted when the client's agent returns in window 4; the server's agent has reported since 0."""
    pair = pairing()
    pair.feed(side(1, at=4, who=SERVER))
    return emitted(pair.feed(side(0, at=4, who=back, since=T0 + since * WIDTH, fresh=False, **more)))


def test_an_identity_is_emitted_for_earlier_windows_that_only_the_other_agent_reported() -> None:
    assert sorted(gap(CLIENT)) == [(at, "shop", "", 0, 0) for at in range(4)] + [(4, "shop", "nginx", 0, 0)]


def test_an_end_is_not_emitted_for_windows_before_its_process_started() -> None:
    young = {**CLIENT, "started": T0 + 2 * WIDTH + 1}
    assert sorted(row[0] for row in gap(young)) == [2, 3, 4]


def test_an_end_is_not_emitted_for_windows_before_the_other_end_saw_the_connection() -> None:
    pair = pairing()
    pair.feed(side(1, at=4, who=SERVER, since=T0 + 3 * WIDTH))
    back = pair.feed(side(0, at=4, who=CLIENT, since=T0 + 4 * WIDTH, fresh=False))
    assert sorted(row[0] for row in emitted(back)) == [3, 4]


def test_a_connection_that_its_agent_saw_open_is_not_emitted_for_earlier_windows() -> None:
    pair = pairing()
    pair.feed(side(1, at=4, who=SERVER))
    assert len(emitted(pair.feed(side(0, at=4, who=CLIENT, since=T0 + 4 * WIDTH)))) == 1


def test_an_end_without_a_known_holder_is_not_emitted_for_earlier_windows() -> None:
    assert len(gap({"host": "h1"})) == 1


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_an_end_that_closed_first_is_emitted_while_the_other_is_open(order: tuple[int, ...]) -> None:
    sides = [
        side(0, who=CLIENT, sent_bytes=5),
        side(1, who=SERVER, sent_bytes=7, closed=True),
        side(0, at=1, who=CLIENT, sent_bytes=2, closed=True),
    ]
    pair = pairing()
    rows = [row for number in order for row in emitted(pair.feed(sides[number]))]
    assert (1, "", "nginx", 0, 0) in rows
    assert not [row for row in rows if row[0] > 1]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0), (2, 0, 1)])
def test_an_end_that_closed_first_is_emitted_even_if_the_agent_of_the_other_restarted(
    order: tuple[int, ...],
) -> None:
    sides = [
        side(1, who=SERVER, closed=True),
        side(0, at=1, who=CLIENT),
        side(0, at=1, who=CLIENT, since=T0 + WIDTH, fresh=False),
    ]
    pair = pairing()
    rows = [row for number in order for row in emitted(pair.feed(sides[number]))]
    assert (1, "", "nginx", 0, 0) in rows


def test_an_end_that_closed_is_not_named_at_the_next_connection_on_the_same_ports() -> None:
    pair = pairing()
    pair.feed(side(0, who=CLIENT, closed=True))
    pair.feed(side(1, who=SERVER, closed=True))
    rows = emitted(pair.feed(side(0, at=1, who=CLIENT, since=T0 + WIDTH, sent_bytes=2)))
    assert rows == [(1, "shop", "", 2, 0)]


def test_kept_sides_are_bounded_and_late_rows_merge_into_forgotten_ones() -> None:
    pair = pairing(frame_rows=10)
    for at in range(100):
        pair.feed(side(0, at=at, who=CLIENT, sent_bytes=5))
    assert sum(len(frame) - 1 for frame in pair._frames.values()) <= 10
    assert emitted(pair.feed(side(1, at=0, who=SERVER, sent_bytes=7))) == [(0, "", "nginx", 0, 7)]


def test_a_row_without_an_identity_belongs_to_nobody() -> None:
    (edge,) = pairing().feed(_pointing(5))
    assert (edge.a.who, len(edge.identities)) == ([0], 0)


def _pointing(who: int) -> SideBatch:
    batch = side(0)
    return SideBatch(width=WIDTH, sides=batch.sides, ends=columns(Ends, [{"who": who, "seen": True}]))


def test_two_identities_of_one_end_are_not_mixed() -> None:
    young = {**CLIENT, "node": "process:h1:b:3:2", "name": "heir", "started": T0 + 1}
    rows = [next(iter(columns(Identities, [who]).rows())) for who in (CLIENT, young)]
    assert merge(Identities, *rows) == rows[1]


def test_an_edge_belongs_to_the_window_of_its_sides() -> None:
    (edge,) = pairing().feed(side(0, at=3))
    assert edge.edges == columns(Edges, [{"window": T0 + 3 * WIDTH, "flow": FLOW, "width": WIDTH}])
