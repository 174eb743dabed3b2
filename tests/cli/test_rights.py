"""A directory that may not be read is reported as that, and not as missing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# The interpreter may live where only root may look, so all is imported before root is given up.
AS_NOBODY = """
import json, os, sys
import pyroute2
from click.testing import CliRunner
from servicemap.cli import COMMANDS, main
from importlib import import_module
for name in COMMANDS:
    import_module(f"servicemap.commands.{name}")
for name in ("mapping", "asking", "browsing", "records", "doctor", "settings", "replaying", "rebuilding"):
    import_module(f"servicemap.{name}")
os.setgroups([]); os.setgid(65534); os.setuid(65534)
printed = {}
for words in json.loads(sys.argv[1]):
    result = CliRunner().invoke(main, words)
    printed[" ".join(words)] = [result.exit_code, result.output, repr(result.exception)]
print(json.dumps(printed))
"""
COMMANDS = [
    ["map"],
    ["sql", "SELECT 1"],
    ["log"],
    ["log", "lag"],
    ["log", "read", "edges"],
    ["doctor"],
    ["config", "check"],
    ["replay", "--from", "2m", "--to", "1m"],
    ["store", "rebuild", "--yes"],
]


@pytest.mark.root
def test_a_directory_of_another_user_is_reported_as_that(tmp_path: Path) -> None:
    (tmp_path / "data" / "store").mkdir(parents=True)
    (tmp_path / "data" / "log.sqlite").touch()
    for folder in (tmp_path, *tmp_path.parents):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    (tmp_path / "data").chmod(0o700)
    asked = json.dumps([[*words, "--data", str(tmp_path / "data")] for words in COMMANDS])

    done = subprocess.run([sys.executable, "-c", AS_NOBODY, asked], capture_output=True, text=True, timeout=120)

    result = json.loads(done.stdout)
    assert len(result) == len(COMMANDS)
    for command, (code, output, exception) in result.items():
        assert code == 1, (command, output)
        assert exception == "SystemExit(1)", command
        assert "may not read" in output, (command, output)
