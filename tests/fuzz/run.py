"""Run one target under a coverage-guided fuzzer: `python -m tests.fuzz.run stat --runs 10000000`.

It ends with an error, the input and the traceback when a parser raises what it does not name, hangs, or takes more than
its memory.
"""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["collectors", "log", "schemas", "simulation", "streams"]):
    from tests.fuzz.targets import TARGETS, Target

MOST_MB, SECONDS, LONGEST = 512, 5, 4096


def main() -> None:
    """Parse the command line, and fuzz."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("target", choices=TARGETS)
    asked.add_argument("--runs", type=int, default=1_000_000)
    found = asked.parse_args()
    # What is limited is the peak of getrusage(2). A process has it from the one that started it, unless it is a fork.
    if child := os.fork():
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    target = TARGETS[found.target]
    with TemporaryDirectory() as folder:
        for number, seed in enumerate(target.seeds()):
            (Path(folder) / str(number)).write_bytes(seed[:LONGEST])
        limits = (f"-runs={found.runs}", f"-max_len={LONGEST}", f"-rss_limit_mb={MOST_MB}", f"-timeout={SECONDS}")
        atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={folder}/", folder], _once(target))
        atheris.Fuzz()


def _once(target: Target) -> Callable[[bytes], None]:
    def once(raw: bytes) -> None:
        try:
            target.parse(raw)
        except target.refuses:
            return

    return once


if __name__ == "__main__":
    main()
