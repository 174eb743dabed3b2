"""`map --watch` draws in place on a terminal, writes one map below the other into a pipe, and ends without a trace."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from answers.mapped import Mapped
from schemas.times import MINUTE_MS
from servicemap.watching import picture
from tests.graph.test_filters import TOWN
from tests.view.serving import Past, hung, remembered

SECONDS = 30
TAKEN, GIVEN_BACK, HIDDEN, SEEN = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25l", "\x1b[?25h"


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    with remembered(tmp_path_factory.mktemp("watched")) as found:
        yield found


def command(past: Past, *more: str) -> list[str]:
    return [sys.executable, "-m", "servicemap", "map", "--watch", "--data", str(past.data), *more]


@contextmanager
def on_a_terminal(past: Past, *more: str, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    master, slave = pty.openpty()
    names = {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "20", **environment}
    process = subprocess.Popen(command(past, *more), stdout=slave, stderr=slave, env={**os.environ, **names})
    os.close(slave)
    try:
        yield process, master
    finally:
        process.kill()
        process.wait()
        os.close(master)


def until(master: int, text: str, before: str = "") -> str:
    """Read a terminal up to a text."""
    found, end = before, time.monotonic() + SECONDS
    while text not in found:
        assert time.monotonic() < end, found
        if select.select([master], [], [], 1)[0]:
            try:
                found += os.read(master, 65_536).decode()
            except OSError:  # nobody writes any more
                break
    assert text in found, found
    return found


def test_a_terminal_is_drawn_over_and_given_back(past: Past) -> None:
    with on_a_terminal(past) as (process, master):
        drawn = until(master, "nginx")
        assert drawn.startswith(TAKEN)
        past.store_minute(past.now + MINUTE_MS)
        drawn = until(master, "(60 s)")
        process.send_signal(signal.SIGINT)
        drawn = until(master, GIVEN_BACK, drawn)
        assert SEEN in drawn
        assert "Traceback" not in drawn
        assert "\x1b[2J" not in drawn  # it would flicker
        assert process.wait(SECONDS) == 0


def test_a_terminal_is_given_back_after_sigterm_too(past: Past) -> None:
    with on_a_terminal(past) as (process, master):
        until(master, "nginx")
        process.terminate()
        until(master, GIVEN_BACK)
        assert process.wait(SECONDS) == 128 + signal.SIGTERM


@pytest.mark.slow
def test_a_store_that_does_not_answer_is_reported_below_the_last_map(past: Past) -> None:
    with on_a_terminal(past) as (_, master):
        until(master, "nginx")
        with hung(past):
            found = until(master, "the store has not answered for")
        until(master, "nginx", found[-1:])


def test_a_pipe_gets_one_map_below_the_other_without_control_characters(past: Past) -> None:
    with subprocess.Popen(command(past), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            maps: list[str] = []
            while len(maps) < 2:
                line = process.stdout.readline()
                assert "\x1b" not in line
                if line.startswith("CLIENT"):
                    maps.append(line)
                    past.store_minute(past.now + (len(maps) + 1) * MINUTE_MS)
        finally:
            process.send_signal(signal.SIGINT)
            rest, said = process.communicate(timeout=SECONDS)
        assert process.returncode == 0
        assert "Traceback" not in said + rest


def test_json_is_a_line_for_each_map(past: Past) -> None:
    with subprocess.Popen(command(past, "--json"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["edges"]
        process.stdout.close()  # as head does
        past.store_minute(past.now + 10 * MINUTE_MS)
        assert process.wait(SECONDS) != 0


def test_without_a_store_it_ends_with_one_sentence(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "servicemap", "map", "--watch", "--data", str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def drawn(height: int, reason: str = "", **environment: str) -> str:
    asked = Mapped(TOWN, "map", ["a note"], "", "")
    console = Console(width=140, force_terminal=True, _environ={"TERM": "xterm-256color", **environment})
    with console.capture() as captured:
        for part in picture(asked, reason, 140, height):
            console.print(part)
    return captured.get()


def test_failing_rows_come_first_and_have_colours_and_a_word() -> None:
    lines = drawn(30).splitlines()
    assert "\x1b[1;31m" in lines[2]
    assert "bad" in lines[2]
    assert "\x1b[33m" in lines[3]
    assert "warn" in lines[3]
    assert "\x1b[3" not in lines[4]


def test_without_colours_the_words_stay() -> None:
    found = drawn(30, NO_COLOR="1")
    assert "\x1b[1;31m" not in found
    assert "31m" not in found
    assert "bad" in found


def test_what_does_not_fit_is_counted() -> None:
    found = drawn(9, "the store does not answer")
    assert "and 4 more edges: --filter shows fewer" in found
    assert "the store does not answer" in found
    assert len(found.splitlines()) < 9
