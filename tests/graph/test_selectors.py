"""Selectors say which nodes and edges are meant, in one way only, and in bounded time."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model import Node
from graph.selectors import BadSelector, Condition, parse_selector
from tests.graph.test_questions import edge, node

LABELS = {"web1": {"zone": "b"}}
REDIS = Node(id="service:redis-7", kind="service", title="redis-7", service="redis-7", hosts=["web1", "db1"])
HOST = Node(id="host:id-web1", kind="host", title="web1", host="id-web1", hostname="web1")
VALUES = st.text(min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("service:redis-7", True),
        ("service:redis", False),
        ("service=redis*", True),
        ("service=*", True),
        ("pod=*", False),
        ('service="redis*"', False),
        ("service=redis*, host=web1", True),
        ("service=redis*,host=web2", False),
        ("level=service", True),
        ("level=process", False),
        ("label.zone=b", True),
        ("label.zone=c", False),
        ("label.region=*", False),
        ("title=redis-7", True),
        ("*", True),
        ("* > service=redis-7", False),
    ],
)
def test_a_selector_selects_nodes(text: str, selected: bool) -> None:
    assert parse_selector(text).selects(REDIS, LABELS) is selected


def test_labels_are_those_of_the_hosts_of_a_node() -> None:
    assert parse_selector("level=host,label.zone=b").selects(HOST, LABELS)


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("service=a > service=b", True),
        ("service:a > service:b", True),
        ("service=a>service=b,port=80", True),
        ("* > port=80", True),
        ("* > port=tcp/80", True),
        ("service=a > *", True),
        ("service=a > service=b,port=81", False),
        ("service=b > service=a", False),
        ("service=a", False),
    ],
)
def test_a_selector_with_an_arrow_selects_edges(text: str, selected: bool) -> None:
    assert parse_selector(text).connects(node("a"), node("b"), edge("a", "b"), {}) is selected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "an empty text is no selector: give the id of a node, service=redis*, or"),
        ("redis", "redis is no selector"),
        ("service=", "service has no value in service=: service=* is for any"),
        ("servce=a", "there is no field servce: did you mean service"),
        ("label.=a", "there is no field label."),
        ("service=a,", "service=a, is no selector"),
        ("service=a > ", "an empty text is no selector"),
        ("* > * > *", "more than one arrow"),
        ("port=80", "a port is one of the server of an edge: write * > port=80"),
        ("port=80 > *", "a port is one of the server"),
        ('service="a', 'service has no value in service="a'),
        (r'service="\q"', "is not a text as JSON writes it"),
        ("service=a" * 200, "at most 1,000 characters"),
        ("\x1b[31m", r"\x1b[31m is no selector"),
    ],
)
def test_what_selects_nothing_is_refused_with_a_sentence(text: str, reason: str) -> None:
    with pytest.raises(BadSelector, match=re.escape(reason)) as refused:
        parse_selector(text)
    assert str(refused.value).isprintable()


@given(st.text(max_size=60))
def test_any_text_is_a_selector_or_refused(text: str) -> None:
    try:
        selector = parse_selector(text)
    except BadSelector:
        return
    assert parse_selector(str(selector)) == selector


CONDITIONS = st.lists(
    st.builds(
        Condition,
        field=st.sampled_from(["service", "host", "label.zone", "id"]),
        value=VALUES,
        stars=st.just(False),
    ),
    min_size=1,
    max_size=3,
    unique=True,
)


@given(CONDITIONS)
def test_any_name_can_be_meant_as_it_is(conditions: list[Condition]) -> None:
    text = ",".join(map(str, conditions))
    assert parse_selector(text).node == tuple(sorted(conditions))


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab", max_size=8))
def test_a_star_stands_for_any_text(pattern: str, text: str) -> None:
    expected = bool(text) and re.fullmatch(pattern.replace("*", ".*"), text) is not None
    assert Condition("service", pattern, "*" in pattern).meets([text]) is expected or not pattern


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    before = time.process_time()
    assert not Condition("service", "a*" * 400, stars=True).meets(["a" * 390 + "b"] * 100)
    assert time.process_time() - before < 1
