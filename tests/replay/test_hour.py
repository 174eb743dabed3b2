"""The tool that feeds a recorded log through the folds."""

import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random

from log.open import open_log
from log.settings import LogSettings
from schemas.times import HOUR_MS
from tests.e2e.simulate import WIDTH, recorded

SOME = 400


def test_the_tool_prints_the_emissions_of_a_recorded_log(tmp_path: Path) -> None:
    file = tmp_path / "log.sqlite"
    begun = (int(time.time() * 1000) - HOUR_MS) // WIDTH * WIDTH
    with closing(open_log(file)) as log:
        log.create(LogSettings(url=str(file)).topics())
        for record in recorded(begun, Random(1))[:SOME]:
            log.append(record.topic, record.key, record.value)
        log.flush()

    command = [sys.executable, "-m", "tests.replay.hour", str(file), "--find", "tcp "]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    edges = [json.loads(line.split(" ", 1)[1]) for line in done.stdout.splitlines()]
    assert edges
    assert all(any(flow.startswith("tcp ") for flow in each["edges"]["flow"]) for each in edges)
