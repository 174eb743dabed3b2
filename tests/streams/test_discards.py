"""Records that the folds leave out are logged once a minute; records that are read again are not."""

import pytest

from servicemap.discards import EVERY_S, REPORTED, Discards
from streams.stage import AttributeStage, PairStage
from tests.streams.build import batches, message


def test_growing_counters_are_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    stages = (AttributeStage(), PairStage())
    discards = Discards(stages, lambda: now[0])
    for offset, value in enumerate((b"{", b"[")):
        stages[0].feed(message("owners", value, offset=offset))
    discards.log()
    assert caplog.messages == []
    now[0] += EVERY_S
    discards.log()
    assert caplog.messages == [f"2 {REPORTED['dead_letters']}"]
    now[0] += EVERY_S
    discards.log(now=True)
    assert len(caplog.messages) == 1


def test_redelivery_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    stage = AttributeStage()
    discards = Discards([stage], lambda: 0.0)
    for _ in range(3):
        for topic, batch in batches(0).items():
            stage.feed(message(topic, batch))
    discards.log(now=True)
    assert caplog.messages == []
    assert stage.counters["repeated_batches"] == 12
