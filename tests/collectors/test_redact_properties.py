"""What holds for redaction whatever the command line, one that an attacker writes included."""

import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.process_facts import cmdline_read, parse_cmdline
from collectors.redact import redact

_PARTS = (
    *("mysql", "-p", "-u", "me:", "x1y2z3", "sudo", "sh", "-c", "curl", "-sSu", "--password", "=", "***"),
    *("'", '"', "\\", '\\"', "=", ":", "@", "/", "://", " ", "\n", "|", ";", "&", ",", "{", "}", "(", ")", "<", ">"),
    *("token", "key", "Cookie", "Authorization: ", "Bearer ", "identified by ", "echo ", "name", "ghp_" + "a1" * 9),
    *("login(", "auth=('a', ", "pass:", "redis-cli", "--", "-", "-e", "htpasswd", "-b", "sqlplus", "a/b@c"),
    *("<password>", "</password>", "secret,id=a,data=", "rtmp://h/a/", "BEGIN PRIVATE KEY-----", "-----", "h=a,p=b"),
    *("docker login", "$", "\udcff", "é", "echo x|sudo ", "login('a',", "name=a,", "password { send ", "a/b@//"),
)  # fmt: skip
_EXAMPLES = 100 * int(os.environ.get("SERVICEMAP_TEST_FUZZ", "1"))
_ARGUMENT = st.lists(st.sampled_from(_PARTS), max_size=9).map("".join) | st.text(max_size=20)
_ARGUMENTS = st.lists(_ARGUMENT, max_size=8)


@pytest.mark.fuzz
@given(st.lists(st.text(st.characters(exclude_categories=[]), max_size=30), max_size=6) | _ARGUMENTS)
@settings(max_examples=_EXAMPLES)
def test_every_command_line_keeps_the_number_of_its_arguments(arguments: list[str]) -> None:
    assert len(redact(arguments)) == len(arguments)


@pytest.mark.fuzz
@given(_ARGUMENTS)
@settings(max_examples=_EXAMPLES)
def test_what_is_redacted_stays_as_it_is(arguments: list[str]) -> None:
    once = redact(arguments)

    assert redact(once) == once


@pytest.mark.parametrize(
    "secret", ["ghp_" + "a1b2" * 9, "https://me:hunter2hunter2@host/", "--password=hunter2hunter2"]
)
def test_a_secret_where_a_read_ends_is_not_shown_in_part(secret: str) -> None:
    limit = 64
    for seen in range(1, len(secret) + 1):
        long = "ghp_".ljust(
            cmdline_read(limit) - len("tool\0\0") - seen, "Z"
        )  # is replaced: what follows is in the limit
        raw = f"tool\0{long}\0{secret}\0host".encode()[: cmdline_read(limit)]

        shown = " ".join(parse_cmdline(raw, limit))

        assert "a1b2" not in shown
        assert "hunter" not in shown


def test_a_line_longer_than_its_read_is_shown_up_to_the_limit() -> None:
    limit = 1_000

    (argument,) = parse_cmdline(b"x" * cmdline_read(limit), limit)

    assert argument == "x" * limit + "…"


@pytest.mark.parametrize("part", _PARTS)
def test_time_grows_with_the_length_of_a_command_line(part: str) -> None:
    def seconds(length: int) -> float:
        line = ["sh", "-c", (part * length)[:length]]
        started = time.process_time()
        redact(line)
        return time.process_time() - started

    short, long = (min(seconds(length) for _ in range(3)) for length in (3_000, 12_000))

    assert long < 12 * short + 0.01  # of the square it would be 16 times
