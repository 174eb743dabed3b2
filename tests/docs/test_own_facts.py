"""What the page on facts of one's own shows is run: its items are facts, and its program prints facts."""

import subprocess
import sys
from pathlib import Path

import pytest

from schemas.discovered import parse_output
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "howto" / "facts-of-your-own.md"


def test_items_that_are_shown_are_facts() -> None:
    (block,) = blocks({"json"}, [PAGE])
    output = parse_output(block.text.encode())
    assert (len(output.facts), output.refused) == (1, [])


@pytest.mark.parametrize(
    ("item", "words", "reason"),
    [
        ('{"name": "a", "value": ""}', "characters that is not empty", "length >= 1"),
        (f'{{"name": "a", "value": {10**1_000}}}', "at most 1,000 digits", "at most 1000 digits"),
        ('{"name": "a", "value": 1, "node": {"port": 0}}', "a port 0", "`int` >= 1"),
        ('{"name": "a", "value": 1, "node": {"pid": 0}}', "a pid 0", "`int` >= 1"),
        ('{"name": "a", "value": 1, "node": {"service": ""}}', "an empty service", "length >= 1"),
        ('{"name": "a", "value": 1, "unit": "s"}', "any other field, such as `unit`, is refused", "field `unit`"),
    ],
)
def test_items_that_are_refused_are_named_on_the_page(item: str, words: str, reason: str) -> None:
    output = parse_output(item.encode())

    assert not output.facts
    assert reason in output.refused[0]
    assert words in PAGE.read_text()


def test_the_program_that_is_shown_prints_facts(tmp_path: Path) -> None:
    (tmp_path / "15" / "main").mkdir(parents=True)
    (block,) = blocks({"python"}, [PAGE])
    assert block.text.startswith("#!/usr/bin/python3\n")
    program = block.text.replace("/var/lib/postgresql", str(tmp_path))
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout

    (fact,) = parse_output(printed).facts
    assert (fact.name, fact.node.service) == ("disk.free_bytes", "postgresql")
    assert int(fact.text) > 0
