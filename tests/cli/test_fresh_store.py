"""A store that no sink has reached yet: `up` greets when it can be asked, and readers report what is missing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from servicemap.cli import main
from tests.cli.conftest import running_store

NEEDS = "has no database servicemap: `servicemap up` or the sink makes it when it starts"
SERVICEMAP = (sys.executable, "-m", "servicemap")
PORTS = ("--native-port", "0", "--http-port", "0", "--view-port", "0")


@pytest.mark.parametrize("arguments", [["sql", "SELECT count() FROM edges"], ["map"]], ids=" ".join)
def test_a_store_without_the_database_is_reported_with_what_makes_it(tmp_path: Path, arguments: list[str]) -> None:
    with running_store(tmp_path / "store"):
        result = CliRunner().invoke(main, [*arguments, "--data", str(tmp_path)])

    assert result.exit_code == 1
    assert NEEDS in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_up_greets_when_what_it_names_can_be_asked(tmp_path: Path) -> None:
    data, printed = tmp_path / "up", tmp_path / "printed"
    with printed.open("w") as out, subprocess.Popen([*SERVICEMAP, "up", "--data", str(data), *PORTS], stderr=out) as up:
        try:
            while (sink := part(up.pid, "sink")) is None:
                time.sleep(0.01)
            os.kill(sink, signal.SIGSTOP)
            while not (data / "view.json").exists():
                time.sleep(0.01)
            before = printed.read_text()
            os.kill(sink, signal.SIGCONT)
            while "see  " not in printed.read_text():
                time.sleep(0.01)
            statement = [*SERVICEMAP, "sql", "--data", str(data), "SELECT count() >= 0 FROM edges"]
            answer = subprocess.run(statement, capture_output=True, text=True)
        finally:
            up.terminate()

    assert "see  " not in before
    assert (answer.stdout, answer.stderr) == ("1\n", "")


def part(parent: int, name: str) -> int | None:
    """Return the pid of a part of `up` once it runs its program."""
    for child in psutil.Process(parent).children():
        if name in child.cmdline():
            return child.pid
    return None
