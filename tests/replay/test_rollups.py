"""The roll-ups after a promotion."""

from typing import Any

import pytest

from sinks.rollup import Rollup
from tests.replay.conftest import RENAMED, Past, changed

pytestmark = pytest.mark.slow

SUMS = "sum(connections_opened), sum(client_sent_bytes), sum(server_received_bytes), max(client_name), max(server_name)"
KEY = "client, server, transport, server_port, client_service, server_service"


def rolled(past: Past, table: str, unit: str) -> list[tuple[Any, ...]]:
    return past.store.query(
        f"SELECT {unit} AS at, {KEY}, {SUMS} FROM {table} FINAL GROUP BY at, {KEY} ORDER BY at, {KEY}"
    )


def expected(past: Past, unit: str) -> list[tuple[Any, ...]]:
    """Return the windows of each key by the last word on its services, as roll-ups have it."""
    ends = "max(client_service) AS client_service, max(server_service) AS server_service"
    return past.store.query(
        f"SELECT toDateTime64({unit}(window), 3, 'UTC') AS at, client, server, transport, server_port, {ends}, {SUMS} "
        "FROM process_edges GROUP BY at, client, server, transport, server_port ORDER BY at, "
        f"{KEY}"
    )


def test_a_promotion_with_other_names_leaves_rollups_with_other_names(copied: Past) -> None:
    Rollup(copied.store).roll_up_all(copied.at(0), copied.at(720))
    before = rolled(copied, "edges_1m", "minute")
    renamed = changed(copied.config, {"services.rules": RENAMED})

    outcome = copied.replay(0, 720, promote=True, config=renamed)

    assert outcome.promoted
    after = rolled(copied, "edges_1m", "minute")
    assert after == expected(copied, "toStartOfMinute")
    assert rolled(copied, "edges_1h", "hour") == expected(copied, "toStartOfHour")
    assert len(after) == len(before)
    assert {row[5] for row in after} | {row[6] for row in after} >= {"shop", "zoo"}
    assert not ({row[5] for row in before} | {row[6] for row in before}) & {"zoo"}
