"""Merging loses nothing and does not mind order or repetition, for every set of columns there is."""

from functools import reduce
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from schemas.columns import Columns, blanks
from schemas.facts import Merge
from schemas.graph import Events, Nodes
from schemas.merge import merge, merge_all, merges
from schemas.topics import ALL

Row = tuple[Any, ...]
SETS = sorted(
    {
        field.default_factory
        for topic in ALL
        for field in fields(topic.record)
        if isinstance(field.default_factory, type) and issubclass(field.default_factory, Columns)
    },
    key=str,
)
VALUES: dict[type, st.SearchStrategy[Any]] = {
    int: st.integers(0, 3),
    str: st.sampled_from(["", "a", "b", "ab"]),
    bool: st.booleans(),
    dict: st.dictionaries(st.integers(0, 2), st.integers(1, 3), max_size=2).map(
        lambda tally: dict(sorted(tally.items()))
    ),
    tuple: st.lists(st.sampled_from(["a", "b"]), max_size=2),
}


@st.composite
def rows_of_one_key(draw: st.DrawFn) -> tuple[type[Columns], list[Row]]:
    columns = draw(st.sampled_from(SETS))
    kinds = merges(columns)
    key = {name: draw(VALUES[type(blank)]) for name, blank in blanks(columns).items()}
    made = st.tuples(
        *(
            st.just(key[name]) if kinds[name] is Merge.KEY else VALUES[type(blank)]
            for name, blank in blanks(columns).items()
        )
    )
    return columns, draw(st.lists(made, min_size=1, max_size=3))


@given(rows_of_one_key())
def test_rows_merge_to_the_same_in_any_order_and_grouping(drawn: tuple[type[Columns], list[Row]]) -> None:
    columns, rows = drawn
    results = {repr(reduce(lambda one, other: merge(columns, one, other), order)) for order in permutations(rows)}
    if len(rows) == 3:
        one, two, three = rows
        results.add(repr(merge(columns, one, merge(columns, two, three))))
    assert len(results) == 1


@given(rows_of_one_key())
def test_a_row_that_comes_again_changes_nothing(drawn: tuple[type[Columns], list[Row]]) -> None:
    columns, rows = drawn
    merged = reduce(lambda one, other: merge(columns, one, other), rows)
    for row in rows:
        assert merge(columns, merged, row) == merged


@pytest.mark.parametrize("columns", SETS, ids=lambda columns: columns.__name__)
def test_a_blank_row_never_wins_over_what_is_known(columns: type[Columns]) -> None:
    kinds = merges(columns)
    known = {int: 1, str: "a", bool: True, tuple: ["a"], dict: {"a": 1}}
    reported = tuple(known[type(blank)] for blank in blanks(columns).values())
    keyed = zip(kinds.values(), reported, blanks(columns).values(), strict=True)
    blank_row = tuple(one if kind is Merge.KEY else blank for kind, one, blank in keyed)
    assert merge(columns, blank_row, reported) == reported


def test_rows_of_two_keys_do_not_merge() -> None:
    one, other = ((time, "host_silent", "host:h1", "", "h1", "", "") for time in (1, 2))
    with pytest.raises(ValueError, match="rows of two keys"):
        merge(Events, one, other)


def test_the_last_word_on_a_node_is_the_one_seen_last() -> None:
    def node(seen: int, name: str) -> Row:
        return 0, "process:h1:b:1:1", seen, "h1", "one", 1, 5, 0, name, name, *[""] * 9

    rows = [node(20, "bash"), node(10, "zsh"), node(30, "a"), node(5, "zz")]
    merged = merge_all(Nodes, rows)
    assert list(merged.values()) == [node(30, "a")]


def test_a_column_without_a_merge_is_named() -> None:
    class Careless(Columns, frozen=True, kw_only=True):
        count: list[int] = []  # noqa: RUF012 - msgspec copies it

    with pytest.raises(KeyError, match=r"Careless\.count declares no merge"):
        merges(Careless)
