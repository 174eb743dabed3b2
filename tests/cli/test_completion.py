"""Shells complete commands, options, filters and names, once a command has installed that."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from servicemap.cli import main
from servicemap.completing import SHELLS
from tests.cli.conftest import Town

PROGRAM = Path(sys.executable).with_name("servicemap")


def run(home: Path, *arguments: str, **environment: str) -> Result:
    names = {"HOME": str(home), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "", "SHELL": "/bin/bash", **environment}
    return CliRunner(env=names).invoke(main, ["completion", *arguments])


def completed(*words: str) -> list[str]:
    """Return what bash offers for the last word, by the script that is installed."""
    script = "\n".join([
        "source <(\"$1\" completion show bash)", "shift", 'COMP_WORDS=("$@")', "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))",
        '_servicemap_completion "$1"', 'printf "%s\\n" "${COMPREPLY[@]}"',
    ])  # fmt: skip
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is missing")
    command = [bash, "--norc", "-c", script, "bash", str(PROGRAM), str(PROGRAM), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]


def test_bash_completes_commands_and_options() -> None:
    assert completed("ma") == ["map"]
    assert "--watch" in completed("map", "--w")


def test_bash_completes_the_last_term_of_a_filter() -> None:
    assert completed("map", "--filter", "'service:x -inf")[0] == "service:x -infra"


def test_bash_completes_the_names_that_the_store_knows(settled: Town) -> None:
    assert completed("map", "--data", str(settled.data), "--service", "ng") == ["nginx"]
    assert completed("map", "--data", str(settled.data), "--host", "w") == ["web1"]


def test_without_a_store_no_name_is_completed(tmp_path: Path) -> None:
    assert completed("map", "--data", str(tmp_path), "--service", "ng") == [""]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_completion_is_installed_where_its_shell_looks_and_removed_again(shell: str, tmp_path: Path) -> None:
    done = run(tmp_path, "install", shell)
    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert done.exit_code == 0
    assert str(file) in done.output
    assert "_SERVICEMAP_COMPLETE" in file.read_text()
    assert file.read_text() == run(tmp_path, "show", shell).output
    assert run(tmp_path, "remove", shell).exit_code == 0
    assert not file.exists()
    assert run(tmp_path, "remove", shell).exit_code == 1


def test_the_shell_is_the_one_that_is_used(tmp_path: Path) -> None:
    run(tmp_path, "install", SHELL="/usr/bin/fish", XDG_CONFIG_HOME=str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere" / "fish" / "completions" / "servicemap.fish").exists()
    refused = run(tmp_path, "install", SHELL="/bin/tcsh")
    assert refused.exit_code == 1
    assert refused.output == "servicemap: the shell is tcsh: name one of bash, zsh, fish\n"


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("in the way")
    done = subprocess.run(
        [str(PROGRAM), "completion", "install", "fish"],
        capture_output=True, text=True, check=False, env={**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": ""},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
