"""The comparison finds each kind of error."""

import itertools
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from tests.e2e.running import Up
from tests.truth.claims import Claim
from tests.truth.hosts import Host
from tests.truth.lab import Play, Played
from tests.truth.oracle import End
from tests.truth.report import Report
from tests.truth.stored import Row, Seen, Stored
from tests.truth.verdict import compare

CLIENT, SERVER = ("10.0.0.1", 40_000), ("10.0.0.2", 80)
KINDS = ("excused", "counts", "bytes", "edges", "turned", "wrong", "unnamed", "unknown")
S = 1_000_000_000
Change = Callable[[Row], list[Row]]


def _ends() -> list[End]:
    ends = [End("a", CLIENT, SERVER, True, 10 * S), End("b", SERVER, CLIENT, False, 10 * S)]
    for end in ends:
        end.ended, end.established, end.over = 15 * S, True, True
    ends[0].sent, ends[1].sent = 100, 0
    ends[1]._came = 100
    return ends


def _row() -> Row:
    def end(key: Any, serves: bool, process: Any, service: str, sent: int, received: int) -> Seen:
        rest = (service, "scan", False, True, True, True, False, sent, received)
        return Seen(key, 10_000, 1000, 0, serves, key[1], process, *rest)

    return (
        end(("tcp", "a", CLIENT, SERVER), False, ("a", 7), "curl", 100, 0),
        end(("tcp", "b", SERVER, CLIENT), True, ("b", 9), "nginx", 0, 100),
    )


def _compared(rows: list[Row], edges: int = 1, claims: int = 2, lost: int = 0) -> dict[str, int]:
    outside = Host("e", 15, 0, ExitStack())
    play = Play("one", [], outside, Path(), itertools.count(1), ports={80})
    play.claims += [Claim("a", frozenset([7]), remote_port=80), Claim("b", frozenset([9]), local_port=80)][:claims]
    played = Played(cast(Up, None), [], outside, {"one": play}, {}, _ends())
    services = {("a", 7): "curl", ("b", 9): "nginx", ("b", 8): "redis"}
    report: Report = compare(play, played, Stored(rows, {80: edges}, services, {"b": lost}))
    return {kind: len(found) for kind in KINDS if (found := getattr(report, kind))}


def _with(at: int, **changes: Any) -> Change:
    return lambda row: [cast(Row, tuple(end._replace(**changes) if n == at else end for n, end in enumerate(row)))]


def test_a_right_result_has_no_errors() -> None:
    assert _compared([_row()]) == {}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda row: [], {"counts": 2, "bytes": 2, "unnamed": 2}),
        (lambda row: [row, row], {"counts": 2, "bytes": 2}),
        (_with(0, seen=False), {"counts": 1, "bytes": 1}),
        (_with(0, closed=False), {"counts": 1}),
        (_with(0, failed=True), {"counts": 1}),
        (_with(0, sent=101), {"bytes": 1}),
        (_with(1, received=99), {"bytes": 1}),
        (_with(1, serves=False), {"turned": 1}),
        (_with(1, process=("b", 8)), {"wrong": 2}),  # the end and the pair
        (_with(1, process=("a", 9)), {"wrong": 2}),
        (_with(1, process=None), {}),
        (_with(1, process=None, service="redis"), {"wrong": 1}),
        (_with(1, process=None, service=""), {"unnamed": 1}),
        (_with(1, process=None, service="", tied=True), {}),
        (_with(1, process=None, service="", host=""), {"unnamed": 1}),
        (_with(1, process=None, service="", host="c"), {"wrong": 1, "unnamed": 1}),
    ],
)  # fmt: skip
def test_each_kind_of_error_is_found(change: Change, found: dict[str, int]) -> None:
    assert _compared(change(_row())) == found


def test_a_connection_that_never_was_is_found() -> None:
    spots = (("tcp", "a", ("10.0.0.1", 40_001), SERVER), ("tcp", "b", SERVER, ("10.0.0.1", 40_001)))
    phantom = cast(Row, tuple(end._replace(key=key, process=None) for end, key in zip(_row(), spots, strict=True)))

    assert _compared([_row(), phantom])["counts"] == 2


def test_an_edge_with_one_connection_too_many_is_found() -> None:
    assert _compared([_row()], edges=2) == {"edges": 1}


def test_an_end_without_a_claim_is_counted() -> None:
    assert _compared([_row()], claims=1)["unknown"] == 1


def test_a_loss_that_an_agent_reports_is_excused() -> None:
    inexact = _with(1, received=99)(_row())

    assert _compared(inexact, lost=1) == {"excused": 1}
    assert _compared(_with(0, sent=99)(_row()), lost=1) == {"bytes": 1}
