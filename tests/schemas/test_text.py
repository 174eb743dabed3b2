"""Bytes become one line of text that can always be encoded, and the text gives the bytes back."""

import time

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.text import cut, shown, to_bytes, to_text

# Bytes as hostile names have them: escapes that look like ours, halves of characters, and the letters between.
PIECES = st.sampled_from(
    [b"\\", b"x", b"\\x", b"\\x5c", b"\\xff", b"\\xFF", b"5c", b"f", b"\xff", b"\xc3", b"\xa9", b"\xed\xb2\x80"]
    + [letter.encode() for letter in "é…\u2028\u202e\u200b\x00\n\r\x0c\x1b\x7f\x85\U0001f600 ua0"]
)
RAW = st.one_of(st.binary(), st.lists(PIECES).map(b"".join), st.text().map(str.encode))
AS_IT_IS = [
    "",
    "nginx",
    "postgres: writer",
    "a b",
    "Überlänge",
    "日本",
    "😀",
    "C:\\temp",
    "\\",
    "\\x",
    "\\xg0",
    "\\xFF",
]
ESCAPED = [
    (b"x\xff", r"x\xff"),
    (b"\xc3", r"\xc3"),
    (b"a\nb\tc\0", r"a\x0ab\x09c\x00"),
    (b"\x1b[2J\x7f", r"\x1b[2J\x7f"),
    ("\x85".encode(), r"\xc2\x85"),
    ("\u2028\u2029".encode(), r"\xe2\x80\xa8\xe2\x80\xa9"),
    ("\u202ecod.exe".encode(), r"\xe2\x80\xaecod.exe"),
    ("\u2066\u200b\ufeff\u00a0".encode(), r"\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf\xc2\xa0"),
    (b"\xed\xa0\x80", r"\xed\xa0\x80"),  # half of a pair
    (b"\xc0\xaf", r"\xc0\xaf"),  # a slash, written too long
    (b"dev-disk\\x2dby", r"dev-disk\x5cx2dby"),
    (b"\\\xff", "\\\\xff"),
]


@pytest.mark.parametrize("text", AS_IT_IS)
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert to_text(text.encode()) == text
    assert to_bytes(text) == text.encode()


@pytest.mark.parametrize(("raw", "text"), ESCAPED)
def test_other_bytes_are_escaped_one_by_one(raw: bytes, text: str) -> None:
    assert to_text(raw) == text
    assert to_bytes(text) == raw


@given(RAW)
@example(b"\\x5c\\x5cx5c")
def test_the_bytes_come_back(raw: bytes) -> None:
    assert to_bytes(to_text(raw)) == raw


@given(RAW)
def test_the_text_is_one_printable_line_that_can_be_encoded(raw: bytes) -> None:
    text = to_text(raw)
    assert text.isprintable()
    assert len(text.splitlines()) <= 1
    assert msgspec.json.decode(msgspec.json.encode(text)) == text


@given(RAW)
def test_what_was_made_text_is_shown_as_it_is(raw: bytes) -> None:
    assert shown(to_text(raw)) == to_text(raw)


@given(st.text(st.characters(codec=None, categories=("Cs", "Cc", "L", "Zs", "Zl"))))
def test_any_text_can_be_shown(text: str) -> None:
    shown(text).encode()
    assert shown(text).isprintable()


@given(RAW, st.integers(-1, 40))
def test_a_cut_is_no_longer_than_it_may_be_and_leaves_no_part_of_an_escape(raw: bytes, limit: int) -> None:
    text = to_text(raw)
    kept = cut(text, limit)
    assert text.startswith(kept)
    assert max(limit, 0) - 3 <= len(kept) <= max(limit, 0) or kept == text
    assert raw.startswith(to_bytes(kept)) or "\ufffd" in to_bytes(kept).decode(errors="replace")


@pytest.mark.parametrize("raw", [b"\xff", b"\\x5c", b"\n", b"\\", b"\\x", "\u202e".encode(), b"a"])
def test_the_time_grows_with_the_length_and_no_faster(raw: bytes) -> None:
    def seconds(count: int) -> float:
        best = 9.0
        for _ in range(5):
            began = time.process_time()
            to_bytes(cut(to_text(raw * count), 10 * count))
            best = min(best, time.process_time() - began)
        return best

    assert seconds(40_000) < 50 * max(seconds(4_000), 0.001)
