"""What the page on facts of one's own shows is run: its items are facts, and its program prints facts."""

import subprocess
import sys
from pathlib import Path

from schemas.discovered import parse_output
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "howto" / "facts-of-your-own.md"


def test_items_that_are_shown_are_facts() -> None:
    (block,) = blocks({"json"}, [PAGE])
    output = parse_output(block.text.encode())
    assert (len(output.facts), output.refused) == (1, [])


def test_the_program_that_is_shown_prints_facts(tmp_path: Path) -> None:
    (tmp_path / "15" / "main").mkdir(parents=True)
    (block,) = blocks({"python"}, [PAGE])
    assert block.text.startswith("#!/usr/bin/python3\n")
    program = block.text.replace("/var/lib/postgresql", str(tmp_path))
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout

    (fact,) = parse_output(printed).facts
    assert (fact.name, fact.node.service) == ("disk.free_bytes", "postgresql")
    assert int(fact.text) > 0
