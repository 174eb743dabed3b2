"""What programs send is read, or refused with a sentence; nothing that comes from outside raises anything else."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answers.all import QUESTIONS
from answers.asking import request
from answers.faults import BadRequest
from answers.reading import Limits, parameters

NOW = 1_796_000_000_000
LIMITS = Limits(rows=10, most_rows=100, most_bytes=10_000)
NAMES = sorted({name for one in QUESTIONS.values() for name in parameters(one, LIMITS)})
TEXTS = st.text() | st.sampled_from(["10m", "now", "@1", "12:00", "2026-02-31T00:00", "true", "service", "9" * 30])
VALUES: st.SearchStrategy[Any] = TEXTS | st.integers() | st.booleans() | st.none() | st.lists(TEXTS) | st.floats()


@given(st.sampled_from(sorted(QUESTIONS)), st.dictionaries(st.sampled_from(NAMES) | st.text(), VALUES))
def test_a_question_is_read_or_refused(name: str, given: dict[str, Any]) -> None:
    with suppress(BadRequest):
        found = request(QUESTIONS[name], given, NOW, LIMITS)
        assert found.paging is None or 1 <= found.paging.limit <= LIMITS.most_rows


@given(st.text(alphabet="ABCDEFGHabcdefgh0123456789-_", max_size=80))
def test_no_text_is_a_cursor(text: str) -> None:
    if text:
        with pytest.raises(BadRequest, match="cursor"):
            request(QUESTIONS["map"], {"cursor": text}, NOW, LIMITS)
