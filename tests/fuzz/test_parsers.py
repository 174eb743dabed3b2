"""Parsers of the kernel's messages, of packets and of files take any bytes, within their time and memory."""

import subprocess
import sys

import pytest

from tests.fuzz.targets import TARGETS

RUNS = 2_000
pytestmark = [pytest.mark.slow, pytest.mark.fuzz]


@pytest.mark.parametrize("target", TARGETS)
def test_a_parser_takes_any_bytes(target: str, fuzz_factor: int) -> None:
    pytest.importorskip("atheris", reason="the coverage-guided fuzzer has no wheel for this Python or machine")
    command = [sys.executable, "-m", "tests.fuzz.run", target, "--runs", str(RUNS * fuzz_factor)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == 0, ended.stderr[-2_000:]
    assert f"Done {RUNS * fuzz_factor} runs" in ended.stderr
