"""What was written last about an annotation stands, in whichever order its records come."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import BadRecord, decode, encode
from schemas.overlays import Annotation, word

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
RECORDS = st.builds(
    Annotation,
    overlay=st.just("owner"),
    target=st.just("service=a"),
    value=JSON,
    written=st.integers(0, 10**13),
    retracted=st.booleans(),
)


@given(st.lists(RECORDS, min_size=1, max_size=8), st.randoms())
def test_the_last_word_stands_in_any_order_and_however_often_it_comes(
    records: list[Annotation], chance: random.Random
) -> None:
    latest = max(map(word, records))
    shuffled = [*records, *chance.choices(records, k=3)]
    chance.shuffle(shuffled)

    assert max(map(word, shuffled)) == latest
    assert int(latest[:16]) == max(record.written for record in records)


@given(RECORDS)
def test_an_annotation_says_the_same_after_a_trip_through_the_log(record: Annotation) -> None:
    assert word(decode("overlays", encode(record))) == word(record)


@pytest.mark.parametrize(
    "record",
    [
        b'{"overlay": "Owner", "target": "a", "written": 1}',
        b'{"overlay": "", "target": "a", "written": 1}',
        b'{"overlay": "owner\\n", "target": "a", "written": 1}',
        b'{"overlay": "owner", "target": "", "written": 1}',
        b'{"overlay": "owner", "target": "a"}',
        b'{"overlay": "owner", "target": "a", "written": -1}',
        b'{"overlay": "owner", "target": "a", "written": 1, "valid_to": 1e300}',
        b'{"overlay": "owner", "target": "a", "written": 1, "value": ' + b"[" * 100_000,
    ],
)
def test_what_is_no_annotation_is_refused(record: bytes) -> None:
    with pytest.raises(BadRecord):
        decode("overlays", record)
