import json
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """
import os
from benchmarks.result import Goal, Result

print("noise on stdout")

def run():
    return [Result(name="fold rate", value=90.0, unit="rows/s", against="naive loop",
                   against_value=10.0, goal=Goal(op=">=", number=8), runs=[89.0, 90.0, 91.0]),
            Result(name="process", value=os.getpid(), unit="pid")]
"""
SLOW = """
from benchmarks.result import Goal, Result

def run():
    return [Result(name="fold memory", value=30.0, unit="MiB",
                   goal=Goal(op="<=", number=20, of="value"))]
"""
BROKEN = """
def run():
    raise RuntimeError("no such engine")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "good.py").write_text(GOOD)
    (folder / "frame.py").write_text("import no_such_module\n")
    return folder


def bench(folder: Path, *args: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "benchmarks", "--folder", str(folder), *args]
    command += ["--results", str(folder / "results.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def rows(folder: Path) -> dict[str, dict[str, object]]:
    kept = json.loads((folder / "results.json").read_text())
    return {row["name"]: row for row in kept}


def test_only_modules_with_a_run_function_are_benchmarks_and_none_is_imported_to_find_out(
    folder: Path,
) -> None:
    assert bench(folder, "--list") == (0, "good\n", "")


def test_one_table_explains_each_result_and_the_file_keeps_everything(folder: Path) -> None:
    code, out, err = bench(folder)

    header, line, other = out.splitlines()
    assert code == 0
    assert header.split() == ["name", "value", "against", "ratio", "goal", "met"]
    assert " ".join(line.split()) == "fold rate 90 rows/s 10 naive loop 9x >= 8x yes"
    assert [header.index(c) for c in ("against", "goal")] == [
        line.index("10 naive"), line.index(">= 8x"),
    ]  # fmt: skip
    assert other.startswith("process")
    assert "noise on stdout" in err
    kept = rows(folder)["fold rate"]
    assert list(kept) == [
        "name", "value", "unit", "against", "against_value", "ratio", "goal", "met", "runs", "machine",
    ]  # fmt: skip
    assert (kept["ratio"], kept["goal"], kept["met"]) == (9.0, ">= 8x", True)


def test_each_benchmark_has_a_process_of_its_own(folder: Path) -> None:
    (folder / "again.py").write_text(GOOD.replace('"process"', '"other process"'))

    bench(folder)

    kept = rows(folder)
    assert kept["process"]["value"] != kept["other process"]["value"]


def test_a_missed_goal_is_reported_loudly_and_fails_only_a_strict_run(folder: Path) -> None:
    (folder / "slow.py").write_text(SLOW)

    code, out, _ = bench(folder)
    strict_code, _, _ = bench(folder, "--strict")

    assert "GOALS MISSED (1): fold memory" in out
    assert (code, strict_code) == (0, 1)


def test_a_broken_benchmark_does_not_stop_the_others_and_fails_the_run(folder: Path) -> None:
    (folder / "broken.py").write_text(BROKEN)

    code, out, err = bench(folder)

    assert code == 1
    assert "fold rate" in out
    assert "no such engine" in err
    assert "FAILED: broken" in err


def test_a_run_of_one_benchmark_keeps_the_rows_of_the_others(folder: Path) -> None:
    (folder / "slow.py").write_text(SLOW)
    bench(folder, "--only", "good")

    _, out, _ = bench(folder, "--only", "slow")

    assert "fold rate" not in out
    assert rows(folder).keys() == {"fold rate", "process", "fold memory"}


def test_an_unknown_name_is_answered_with_the_known_ones(folder: Path) -> None:
    code, _, err = bench(folder, "--only", "bad")

    assert code == 2
    assert "there is no benchmark bad: pick from good" in err
