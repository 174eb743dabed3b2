"""What is added now and then touches few files: each was done once, and counted."""

from pathlib import Path

import pytest

from tests.house import ADDITIONS, Addition

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("addition", ADDITIONS, ids=lambda one: one.what)
def test_an_addition_touches_few_files_that_are_there(addition: Addition) -> None:
    assert len(addition.touched) <= addition.most
    for path in addition.touched:
        assert (ROOT / path).is_file() or ("{}" in path and (ROOT / path).parent.is_dir())
