"""Replaying with the same code changes nothing, wherever the range is cut."""

from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from servicemap.config import load
from servicemap.replaying import Outcome, replay
from tests.e2e.simulate import Record
from tests.replay.conftest import Past, opened, quietly
from tests.streams import world
from tests.streams.build import T0

pytestmark = pytest.mark.slow


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


def test_the_same_code_changes_nothing_after_kills_and_lost_broken_and_repeated_records(
    past: Past, tmp_path: Path
) -> None:
    address = past.store.address
    url = f"clickhouse://servicemap:{address.secret()}@{address.host}:{address.port}/world"
    config = load(environment={}, flags={"data": str(tmp_path), "log.partitions": 2, "store.url": url})
    logged = world.log(4, hosts=3, windows=60)
    with closing(
        opened(config, [Record(one.topic, one.key, one.value or b"", one.timestamp) for one in logged])
    ) as live:
        live.go_on()
        draw = Random(4)
        for _ in range(4):
            start = T0 + draw.randrange(50 * world.WIDTH)
            outcome = replay(config, start, start + 10 * world.WIDTH, quietly, promote=False, force=False)
            assert changes(outcome) == {}
            assert outcome.tables["host_usage"].equal > 0
