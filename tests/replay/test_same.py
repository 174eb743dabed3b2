"""Replaying with the same code changes nothing, wherever the range is cut."""

import pytest

from servicemap.replaying import Outcome
from tests.replay.conftest import Past


def changes(outcome: Outcome) -> dict[str, object]:
    return {name: table for name, table in outcome.tables.items() if table.differs}


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 720), (355, 362), (299, 311), (303, 310), (361, 362)],
)
def test_the_same_code_changes_no_row_of_any_range(past: Past, start: int, end: int) -> None:
    outcome = past.replay(start, end)
    assert changes(outcome) == {}
    assert outcome.tables["host_usage"].equal > 0
