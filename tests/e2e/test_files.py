"""Files of `up` are readable only by their owner, whatever the umask, in a folder that nobody else can write to."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.e2e.running import SERVICEMAP, run, until, up

pytestmark = pytest.mark.slow


def _loose(data: Path) -> list[str]:
    """Return the files that others may read. Short-lived files may be gone before they are examined."""
    found = []
    for folder, _, files in os.walk(data):
        for path in (Path(folder), *(Path(folder) / name for name in files)):
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:
                continue
            if not stat.S_ISLNK(mode) and mode & 0o077:
                found.append(f"{path} {mode:o}")
    return found


def test_nobody_else_can_read_the_files_of_up(tmp_path: Path) -> None:
    data = tmp_path / "data"
    before = os.umask(0)
    try:
        with up(data, "--window", "1s", "--demo", "--view-port", "0") as running:
            running.until("SELECT 1 FROM edges LIMIT 1")
            until((data / "demo" / "ports.json").exists, bool, 30, "the shop to run")
            assert _loose(data) == []
            names = {entry.name for entry in data.iterdir()}
            assert {"log.sqlite", "log.sqlite-wal", "log.sqlite-shm", "run.json", "view.json", "lock", "store"} <= names
            assert running.stop() == 0
    finally:
        os.umask(before)
    assert _loose(data) == []


def test_a_folder_that_others_can_write_to_is_refused_in_one_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o777)
    for command in (("up",), ("collect",), ("work",)):
        refused = run(*command, "--data", str(data))
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
        assert f"others can write to {data}" in refused.stderr
    assert list(data.iterdir()) == []


def test_an_open_folder_of_an_earlier_version_is_closed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o755)
    (data / "log.sqlite").touch(mode=0o644)
    (data / "log.sqlite").chmod(0o644)
    subprocess.run([*SERVICEMAP, "up", "--data", str(data), "--for", "1s", "--native-port", "0", "--http-port", "0"],
                   check=True, timeout=60, capture_output=True)  # fmt: skip
    assert _loose(data) == []
