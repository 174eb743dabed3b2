"""Of a command line that is too long, the part that names the program is kept."""

import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.process_facts import bounded, cmdline_read, parse_cmdline, shortened
from streams.naming.programs import program

LIMIT = 4_096
_EXAMPLES = 100 * int(os.environ.get("SERVICEMAP_TEST_FUZZ", "1"))


def jars(count: int) -> str:
    return ":".join(f"/opt/kafka/bin/../libs/library-number-{number}-3.7.0.jar" for number in range(count))


def reported(*arguments: str) -> list[str]:
    return parse_cmdline("\0".join(arguments).encode()[: cmdline_read(LIMIT)], LIMIT)


@pytest.mark.parametrize("count", [10, 120, 400, 2_000])
@pytest.mark.parametrize(
    "path",
    [("-cp", "{}"), ("-classpath", "{}"), ("--class-path={}",), ("--module-path", "{}"), ("-Djava.class.path={}",)],
)
def test_the_main_class_is_kept_behind_a_class_path_of_any_length(path: tuple[str, ...], count: int) -> None:
    given_path = [one.format(jars(count)) for one in path]

    shown = reported("java", "-Xmx1G", *given_path, "kafka.Kafka", "/opt/kafka/config/server.properties")

    assert shown[-2:] == ["kafka.Kafka", "/opt/kafka/config/server.properties"]
    assert len("\0".join(shown)) <= LIMIT + 1
    assert program("java", "/usr/bin/java", shown).name == "Kafka"


def test_several_long_options_share_what_there_is() -> None:
    shown = reported(
        "java", "-cp", jars(200), "-Dlong=" + "x" * 9_000, "--patch-module", jars(90), "-jar", "/srv/pay.jar"
    )

    assert shown[-2:] == ["-jar", "/srv/pay.jar"]
    assert program("java", "/usr/bin/java", shown).name == "pay"


def test_what_is_short_enough_is_left_as_it_is() -> None:
    arguments = ["java", "x" * 2_000, "y" * 2_000, "z" * 80]

    assert reported(*arguments) == arguments


def test_a_secret_behind_a_class_path_is_replaced_and_none_is_shown_in_part() -> None:
    for length in range(16_000, 16_800, 7):
        shown = reported("java", "-cp", "x" * length + " --password hunter2hunter2", "Main", "--token=hunter2hunter2")

        assert "hunter" not in " ".join(shown)
        assert shown[-2:] == ["Main", "--token=***"]


@pytest.mark.fuzz
@given(st.lists(st.integers(0, 3_000), max_size=40), st.integers(1, 6_000))
@settings(max_examples=_EXAMPLES)
def test_a_shortened_line_is_within_its_bound_and_begins_alike(lengths: list[int], limit: int) -> None:
    arguments = [str(at % 10) * length for at, length in enumerate(lengths)]

    shown = bounded(shortened(arguments, limit), limit)

    assert len("\0".join(shown)) <= limit + len("\0…")
    assert all(whole.startswith(one.removesuffix("…")) for one, whole in zip(shown, arguments, strict=False))
    if len("\0".join(arguments)) < limit:
        assert shown == arguments


def test_a_long_command_line_costs_little_more_than_a_short_one() -> None:
    def seconds(count: int) -> float:
        raw = "\0".join(["java", "-cp", jars(count), "kafka.Kafka"]).encode()[: cmdline_read(LIMIT)]
        started = time.process_time()
        parse_cmdline(raw, LIMIT)
        return time.process_time() - started

    short, long = (min(seconds(count) for _ in range(5)) for count in (300, 2_400))

    assert long < 4 * short + 0.005
