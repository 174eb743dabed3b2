"""A command reports what it cannot write, with a sentence and an exit code, whatever its streams are."""

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from servicemap.printing import Printable, json_text
from tests.cli.conftest import Town

ODD = ["\x1b[2J", "\x9b2J", "\x7f", "\u202e", "\u2028", "\U000e0001", "a\tb", "ü", "─", "\ud7ff"]
NAMES = "SELECT char(27, 91, 50, 74) AS esc, unhex('C29B324A') AS csi, unhex('FF') AS raw, 'a\\tb' AS tab"


def shell(settled: Town, command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command line in which `servicemap` is ours, on the town."""
    ours = shlex.join([sys.executable, "-m", "servicemap"])
    text = f'servicemap() {{ {ours} "$@" --data {shlex.quote(str(settled.data))}; }}; {command}'
    return subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "command",
    [
        "servicemap map --json > /dev/full",
        "servicemap map >&-",
        "servicemap sql 'SELECT number FROM system.numbers LIMIT 100000' > /dev/full",
        "servicemap sql 'SELECT 1' >&-",
        "servicemap config > /dev/full",
        "servicemap doctor --help > /dev/full",
    ],
)
def test_a_result_that_cannot_be_written_is_reported(settled: Town, command: str) -> None:
    done = shell(settled, command)

    assert done.returncode == 1
    assert "servicemap: cannot read or write" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("servicemap map 2>&- >/dev/null", 0),
        ("servicemap map --service nope 2>&- >/dev/null", 4),
        ("servicemap sql <&- 'SELECT 1'", 0),
        ("servicemap sql <&-", 2),
        ("servicemap map --json | head -c 1 >/dev/null; exit ${PIPESTATUS[0]}", None),
        ("servicemap sql 'SELECT number FROM system.numbers' | head -1 >/dev/null; exit ${PIPESTATUS[0]}", 1),
        ("PYTHONIOENCODING=ascii servicemap map --level process >/dev/null", 0),
    ],
)
def test_closed_and_narrow_streams_do_no_harm(settled: Town, command: str, code: int | None) -> None:
    done = shell(settled, command)

    assert done.returncode == code or (code is None and done.returncode in {0, 1})
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.fixture
def screen() -> Iterator[tuple[int, int]]:
    """A terminal: the end to read what is shown, and that of the command."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


@pytest.mark.parametrize(
    "form", [[], ["--json"], ["--format", "TSV"], ["--format", "CSV"], ["--format", "Vertical"]], ids=" ".join
)
def test_a_terminal_gets_nothing_that_it_would_obey(settled: Town, screen: tuple[int, int], form: list[str]) -> None:
    command = [sys.executable, "-m", "servicemap", "sql", *form, NAMES, "--data", str(settled.data)]
    subprocess.run(command, stdout=screen[1], stderr=screen[1], timeout=60, check=True)
    os.close(screen[1])
    shown = b""
    while piece := _read(screen[0]):
        shown += piece

    text = shown.decode()
    assert all(letter.isprintable() or letter in "\r\n\t" for letter in text), text
    assert r"\x1b[2J" in text or r"\u001B[2J" in text
    assert r"\x9b" in text or r"\xc2\x9b" in text


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # the other end is closed
        return b""


def test_a_pipe_gets_the_servers_bytes_but_for_what_is_for_people(settled: Town) -> None:
    def ask(form: str) -> bytes:
        command = [sys.executable, "-m", "servicemap", "sql", "--format", form, NAMES, "--data", str(settled.data)]
        return subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=True).stdout

    assert ask("TSV") == b"\x1b[2J\t\xc2\x9b2J\t\xff\ta\\tb\n"
    assert b"\x1b[2J" in ask("CSV")
    assert json.loads(ask("JSONEachRow").replace(b"\xff", b""))["esc"] == "\x1b[2J"
    for form in ("PrettyCompact", "Vertical", "Markdown"):
        assert b"\x1b" not in ask(form)
        assert b"\\x1b[2J" in ask(form)


@pytest.mark.parametrize("text", ODD)
def test_json_is_exact_and_printable(text: str) -> None:
    value = {text: [text, {"inner": text}]}

    assert json.loads(json_text(value)) == value
    assert json_text(value).isprintable()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_a_letter_that_is_cut_between_pieces_is_one_letter(tmp_path: Path, size: int) -> None:
    text = "".join(ODD).encode() + b"\xff\n\xe2"
    with (tmp_path / "out").open("wb") as file:
        out = Printable(file)
        for at in range(0, len(text), size):
            out.write(text[at : at + size])
        out.flush()

    shown = (tmp_path / "out").read_text()
    assert shown.startswith("\\x1b[2J\\xc2\\x9b2J\\x7f")
    assert "a\tbü─" in shown
    assert shown.endswith("\\xff\n\\xe2")


@pytest.mark.parametrize(
    "arguments",
    [
        ["sql", "SELECT number FROM system.numbers"],
        ["sql", "SELECT sleepEachRow(1) FROM numbers(60) SETTINGS max_block_size = 1"],
    ],
    ids=["writing", "waiting"],
)
def test_ctrl_c_ends_a_command_without_a_word(settled: Town, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "servicemap", *arguments, "--data", str(settled.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        _connected(process.pid)
        process.send_signal(signal.SIGINT)
        _, result = process.communicate(timeout=30)

    assert (process.returncode, result) == (130, b"")


def test_ctrl_c_while_it_starts_ends_up_without_a_traceback(tmp_path: Path) -> None:
    ports = ("--native-port", "0", "--http-port", "0", "--view-port", "0")
    command = [sys.executable, "-m", "servicemap", "up", "--data", str(tmp_path / "up"), *ports]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        deadline = time.monotonic() + 30
        while not children.read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, result = process.communicate(timeout=60)

    assert process.returncode == 0
    assert result == "servicemap: stopping: what was seen is being stored\n"


def _connected(pid: int) -> None:
    """Wait until a process has a socket open."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()]
        if any(each.startswith("socket:") for each in found):
            return
        time.sleep(0.02)
    raise AssertionError("it connects to nothing")
