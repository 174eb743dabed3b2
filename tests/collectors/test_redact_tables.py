"""Two tables of command lines: of one every secret is hidden, of the other next to nothing is."""

import re
import shlex
from pathlib import Path

from collectors.redact import redact

_TABLES = Path(__file__).parent / "command_lines"


def _lines(name: str) -> list[str]:
    lines = (_TABLES / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _left(line: str) -> list[str]:
    """Return the secrets of a line that are still in it once it is redacted."""
    secrets = re.findall(r"«(.*?)»", line)
    arguments = shlex.split(line.replace("«", "").replace("»", ""))
    redacted = redact(arguments)
    assert secrets, line
    assert len(redacted) == len(arguments), line
    return [secret for secret in secrets if secret in " ".join(redacted)]


SECRET, HARMLESS = _lines("secret.txt"), _lines("harmless.txt")


def test_no_secret_of_a_command_line_is_left() -> None:
    assert {line: left for line in SECRET if (left := _left(line))} == {}


def test_of_harmless_command_lines_at_most_one_in_fifty_is_changed() -> None:
    changed = [line for line in HARMLESS if redact(shlex.split(line)) != shlex.split(line)]

    assert len(changed) <= len(HARMLESS) / 50, changed


def test_the_tables_are_large_enough_to_mean_something() -> None:
    assert len(SECRET) >= 200
    assert len(HARMLESS) >= 200
