"""`servicemap diff` on a town in which the shop began to ask a host outside, and nginx no longer asks the sleeper."""

import json
import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from click.testing import CliRunner, Result

from graph.differing.stretches import Range
from schemas.times import MINUTE_MS
from servicemap.cli import main
from servicemap.options import NOTHING_MATCHES, Moment
from servicemap.two_times import When
from tests.cli import town
from tests.view.serving import GONE, Past, remembered


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    with remembered(tmp_path_factory.mktemp("past")) as found:
        found.store_minute(found.now - 10 * MINUTE_MS, GONE)
        yield found


def at(past: Past, minutes: int) -> str:
    """Return the range of a minute that ended so long ago."""
    end = past.now - minutes * MINUTE_MS
    return f"@{(end - MINUTE_MS) / 1000}..@{end / 1000}"


def diff(past: Past, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["diff", *arguments, "--data", str(past.data)])


def test_what_appeared_and_what_vanished_is_printed(past: Past) -> None:
    result = diff(past, at(past, 10), at(past, 0))

    assert result.exit_code == 0, result.output
    appeared, _, vanished = result.stdout.partition("Vanished:\n")
    assert appeared.startswith("Appeared:\n  address 198.51.100.7\n")
    assert "→ 198.51.100.7 tcp/443" in appeared
    assert "nginx → sleep tcp/7000" in vanished
    assert "service sleep" in vanished
    assert "\x1b" not in result.stdout


def test_programs_are_given_the_same(past: Past) -> None:
    found = json.loads(diff(past, at(past, 10), at(past, 0), "--json").stdout)

    kinds = {(one["client_title"], one["server_title"], one["server_port"]): one["change"] for one in found["edges"]}
    assert kinds == {(town.WEIRD, "198.51.100.7", 443): "appeared", ("nginx", "sleep", 7000): "vanished"}
    assert {one["id"]: one["change"] for one in found["nodes"]} == {
        "address:198.51.100.7": "appeared",
        "service:sleep": "vanished",
    }
    assert (found["level"], found["left_out"]) == ("service", 0)
    assert found["then_to"].endswith("Z")


@pytest.mark.parametrize("level", ["process", "container", "host", "link", "zone", "address"])
def test_other_levels_have_differences_too(past: Past, level: str) -> None:
    result = diff(past, at(past, 10), at(past, 0), "--level", level)

    assert result.exit_code == 0, result.output
    assert "tcp/443" in result.stdout


def test_the_exit_code_may_say_whether_anything_differs(past: Past) -> None:
    assert diff(past, at(past, 10), at(past, 0), "--exit-code").exit_code == 3


def test_moments_stand_for_the_time_up_to_them(past: Past) -> None:
    result = diff(past, f"@{(past.now - 10 * MINUTE_MS) / 1000}", f"@{past.now / 1000}", "--for", "1m")

    assert result.exit_code == 0, result.output
    assert "nginx → sleep tcp/7000" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["2020-01-01"], NOTHING_MATCHES, "nothing is stored up to 2020-01-01"),
        (["3h"], NOTHING_MATCHES, "nothing is stored up to"),
        (["1m", "2100-01-01"], NOTHING_MATCHES, "nothing is stored since"),
        (["1s"], NOTHING_MATCHES, "nothing is stored since"),
        (["now"], NOTHING_MATCHES, "nothing is stored since"),
        (["now", "1h"], 2, "give the earlier one first"),
        (["1m", "1m"], 2, "give the earlier one first"),
        (["10m..1m", "5m..now"], 2, "the two times overlap"),
        (["10m..20m"], 2, "ends before it begins"),
        (["10m.."], 2, "is not a time"),
        (["then"], 2, "is not a time"),
        (["café..now"], 2, "is not a time"),
        ([], 2, "Missing argument 'THEN'"),
    ],
)
def test_times_that_cannot_be_compared_are_one_sentence(
    past: Past, arguments: list[str], code: int, expected: str
) -> None:
    result = diff(past, *arguments)

    assert (result.exit_code, expected in result.stderr) == (code, True), result.stderr


@pytest.mark.parametrize("form", ["dot", "graphml", "csv", "json"])
def test_a_map_is_exported_with_how_it_differs(past: Past, form: str) -> None:
    times = ["--at", f"@{past.now / 1000}", "--against", at(past, 10)]
    result = CliRunner().invoke(main, ["export", "--format", form, *times, "--data", str(past.data)])

    assert result.exit_code == 0, result.output
    assert "7000" in result.stdout, "what vanished is there"
    if form == "dot":
        assert "style=dotted" in result.stdout
    else:
        assert {"appeared", "vanished"} <= set(re.findall("appeared|vanished", result.stdout))


def test_a_range_that_ends_at_a_clock_time_ends_on_the_day_it_begins() -> None:
    found = When().convert("2026-05-01T10:00..10:10", None, None)

    assert found.at - (found.since or 0) == 10 * MINUTE_MS


def test_yesterday_is_a_day_ago_at_this_time_or_another() -> None:
    moment = Moment().convert("yesterday 10:30", None, None) / 1000
    ago = Moment().convert("yesterday", None, None) / 1000

    assert f"{datetime.fromtimestamp(moment):%H:%M:%S}" == "10:30:00"
    assert 22 * 3600 < datetime.now().timestamp() - ago < 26 * 3600


@pytest.mark.parametrize(("start", "end"), [(61, 700), (60, 4000), (179, 1800)])
def test_long_ranges_are_of_whole_minutes(start: int, end: int) -> None:
    found = Range(start * 1000, end * 1000).readable(100 * MINUTE_MS, 0)

    assert found.start % MINUTE_MS == found.end % MINUTE_MS == 0


def test_short_ranges_are_as_they_are_while_there_are_windows() -> None:
    assert Range(61_000, 119_000).readable(100 * MINUTE_MS, 0) == Range(61_000, 119_000)
    assert Range(61_000, 119_000).readable(100 * MINUTE_MS, 200_000) == Range(60_000, 120_000)
