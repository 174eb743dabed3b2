"""The cookbook of SQL: every question is asked of a simulated shop, as a reader, and has an answer."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from sinks.embedded.reader_settings import LIMITS, MAX_SECONDS, MAX_THREADS, WHOLE_BYTES, WHOLE_BYTES_PACKED
from sinks.reconcile import ALL
from sinks.store import Store
from tests.docs.fleet import SILENT, fill
from tests.docs.pages import ROOT
from tests.graph.flows import asked
from tests.rollups.conftest import Fresh

PAGE = (ROOT / "docs" / "howto" / "sql.md").read_text()
QUESTIONS = dict(re.findall(r"^### ([^\n]+)\n\n```sql\n(.*?)```", PAGE, re.S | re.M))
OTHERS = re.findall(r"^```sql\n(.*?)```", PAGE.partition("## Cookbook")[0], re.S | re.M)
Row = dict[str, Any]


def some(**wanted: Any) -> Callable[[list[Row]], bool]:
    """Return whether a row has these values."""
    return lambda rows: any(all(row[name] == value for name, value in wanted.items()) for row in rows)


TRUE: dict[str, Callable[[list[Row]], bool]] = {
    "Who talks to the database, and how much?": lambda rows: (
        {row["client"] for row in rows} == {"service:catalog", "service:checkout", f"host:{SILENT}"}
    ),
    "Which edge slowed down against last week?": some(server="service:postgres"),
    "Which edges have errors, and what share?": some(client="service:web", server="service:catalog"),
    "Which clients gave up waiting?": some(server="service:recommend"),
    "Where do connects fail?": some(client="service:web", server="service:redis-sessions"),
    "Who talks to the outside?": some(server="address:203.0.113.80", server_port=443),
    "Which edges are new today?": some(server="address:203.0.113.80"),
    "Which process listened on this port then?": lambda rows: {row["service"] for row in rows} == {"elasticsearch"},
    "Which processes ran a week ago and do not today?": some(service="cart"),
    "How often was each service restarted, day by day?": some(service="cart", starts=3),
    "Which services changed their image or their command line?": some(service="catalog", processes=4),
    "Which services have one instance only?": some(service="mailer"),
    "Which hosts fell silent?": some(hostname=SILENT),
    "On which edges do the two sides disagree?": some(client_says=1_000, server_says=500),
    "Which agents see only part of what there is?": some(host="narrow", missing={"owners": "root"}),
    "Who owns the services that an edge joins?": some(client="service:catalog", owner='{"team":"data"}'),
}


@pytest.fixture(scope="module")
def store(fresh: Fresh) -> Store:
    made = fresh()
    fill(made, int(time.time() * 1000))
    return made


def rows_of(store: Store, statement: str) -> list[Row]:
    rows, columns = asked(store, statement.replace("%", "%%"), {})
    return [dict(zip([name for name, _ in columns], row, strict=True)) for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_has_its_answer(store: Store, question: str) -> None:
    rows = rows_of(store, QUESTIONS[question])

    assert rows
    assert TRUE.get(question, bool)(rows), rows[:20]


@pytest.mark.slow
@pytest.mark.parametrize("statement", OTHERS)
def test_what_is_shown_before_has_an_answer(store: Store, statement: str) -> None:
    assert rows_of(store, statement)


def test_the_cookbook_has_many_questions_and_the_truths_are_of_some() -> None:
    assert len(QUESTIONS) >= 30
    assert PAGE.count("\n### ") == len(QUESTIONS)
    assert all(question.endswith("?") for question in QUESTIONS)
    assert TRUE.keys() <= QUESTIONS.keys()


def test_what_is_kept_is_kept_for_so_long() -> None:
    kept = {table.name: table.kept.days for table in ALL if table.kept}
    said = {
        "15 days": ("edges", "requests", "host_usage", "process_usage"),
        "30 days": ("edges_1m", "requests_1m"),
        "400 days": ("edges_1h", "requests_1h"),
        "3 years": ("edges_1d", "requests_1d", "processes_1d", "places_1d"),
        "90 days": ("events",),
    }
    days = {"3 years": 1_100}
    for length, tables in said.items():
        assert length in PAGE
        assert {kept[table] for table in tables} == {days.get(length) or int(length.split()[0])}, length


def test_the_limits_of_a_reader_are_those_of_the_code() -> None:
    assert LIMITS["max_execution_time"] == "60"
    assert LIMITS["max_memory_usage"] == "1000000000"
    assert LIMITS["max_threads"] == "2"
    for sentence in (
        "A query has 60 s and 1 GB",
        f"`SETTINGS max_execution_time = {MAX_SECONDS}`",
        f"two threads, with `max_threads` up to {MAX_THREADS}",
        f"{WHOLE_BYTES_PACKED // 10**6} MB at the most, and one of text {WHOLE_BYTES // 10**6} MB",
    ):
        assert sentence in PAGE, sentence
