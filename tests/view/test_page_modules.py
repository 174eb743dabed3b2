"""The modules of the page by themselves: Node.js runs their unit tests, without a browser."""

import subprocess
from pathlib import Path

import pytest

from tests.nodejs import NodeMissing, node

TESTS = Path(__file__).parent / "page"


@pytest.mark.parametrize("file", sorted(TESTS.glob("*.test.js")), ids=lambda file: file.name)
def test_modules_of_the_page(file: Path) -> None:
    try:
        program = node()
    except NodeMissing as error:
        pytest.skip(str(error))

    done = subprocess.run([program, "--test", file], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stdout[-4000:]
