"""No text that a client sends costs more than its length: every parser, on shapes that made others slow."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from sinks.embedded import sql
from sinks.embedded.engine import EngineError
from sinks.embedded.http_request import credentials
from sinks.embedded.native import unquote
from sinks.embedded.reader_errors import for_reader
from sinks.embedded.reader_forms import checked
from sinks.embedded.reader_settings import allowed_setting
from sinks.embedded.steps import skip
from sinks.embedded.tokens import tokens

SHAPES = {
    "pairs of quotes in a map": ("SET a={", "''", "!"),
    "blanks after a setting": ("SELECT 1 SETTINGS a=1", " ", "!"),
    "blanks after SET": ("SET", " ", "a"),
    "blanks after a format": ("SELECT 1 FORMAT x", " ", "y"),
    "words FORMAT": ("SELECT 1 ", "FORMAT ", "("),
    "formats in brackets": ("SELECT 1 ", "(FORMAT x", ""),
    "words SETTINGS": ("SELECT 1 ", "SETTINGS a=1 ", ""),
    "settings": ("SELECT 1 SETTINGS a=1", ", a=1", "("),
    "settings in maps": ("SET a={'b':'c'", ",'b':'c'", ""),
    "escaped quotes": ("SELECT ", "'\\", ""),
    "quotes of three kinds": ("SELECT ", "'\"`", ""),
    "quotes that stay open": ("SELECT ", "`'", "\\"),
    "curly quotes": ("SELECT ", "\u201c\u2018", ""),
    "comments that stay open": ("SELECT ", "/*", ""),
    "comments in comments": ("SELECT ", "/*", "*/"),
    "slashes and stars": ("SELECT ", "/*/", ""),
    "dashes": ("SELECT 1", "-", "\n"),
    "hashes": ("SELECT ", "# ", ""),
    "heredocs": ("SELECT ", "$a$ $b$ ", ""),
    "dollars": ("SELECT ", "$", "a$"),
    "brackets that open": ("SELECT ", "(", ""),
    "brackets that close": ("SELECT ", ")", "("),
    "one long word": ("SELECT ", "a", ""),
    "digits and dots": ("SET a=", "1.", ""),
    "minus signs": ("SET a=", "-", ""),
    "an INSERT's words": ("INSERT INTO t ", "a ", ""),
    "an INSERT's blanks": ("INSERT INTO t", " ", ""),
    "an INSERT's columns": ("INSERT INTO t (a", ", a", ")"),
    "an INSERT's brackets": ("INSERT INTO t ", "(", ")"),
    "line ends of an INSERT": ("INSERT INTO t FORMAT", "\n", ""),
    "blanks in a type": ("String", " ", "!"),
    "types in types": ("", "Array(", ""),
    "elements": ("Tuple(a", " Int8, a", " Int8)"),
    "labels": ("Tuple(", "a ", ")"),
    "values of an enum": ("Enum8('a' = 1", ", 'b' = 2", ")"),
    "quotes in an enum": ("Enum8(", "''", ")"),
    "zero bytes": ("SELECT ", "\0", ""),
    "semicolons": ("SELECT 1", ";", "x"),
}


def _skip(text: str) -> None:
    with suppress(EngineError):
        skip(text)


def _all_tokens(text: str) -> None:
    for _ in tokens(text):
        pass


def _forms(text: str) -> None:
    with suppress(EngineError):
        checked(text, str)


def _setting(text: str) -> None:
    for name, value in ((text, "1"), ("join_algorithm", text)):
        with suppress(EngineError):
            allowed_setting(name, value, {"join_algorithm"})


PARSERS: dict[str, Callable[[str], object]] = {
    "tokens": _all_tokens,
    "insert": sql.insert,
    "columns_of": sql.columns_of,
    "settings_clause": sql.settings_clause,
    "set_statement": sql.set_statement,
    "output_format": sql.output_format,
    "without_format": sql.without_format,
    "literal": sql.literal,
    "skip": _skip,
    "for_reader": lambda text: for_reader(EngineError(6, f"{text} (CANNOT_PARSE_TEXT)"), text, Path("/nowhere")),
    "forms": _forms,
    "setting": _setting,
    "unquote": lambda text: unquote(f"'{text}'"),
    "credentials": lambda text: credentials({"user": text}, {"Authorization": f"Basic {text}"}),  # type: ignore[arg-type]
}
_SMALL, _FACTOR = 1_000, 8


@pytest.mark.parametrize("shape", SHAPES)
def test_a_text_eight_times_as_long_takes_no_more_than_eight_times_as_long(shape: str) -> None:
    before, piece, after = SHAPES[shape]
    small, large = (before + piece * (size // len(piece)) + after for size in (_SMALL, _SMALL * _FACTOR))

    for name, parse in PARSERS.items():
        assert any(_grows_as_it_should(parse, small, large) for _ in range(5)), name


def _grows_as_it_should(parse: Callable[[str], object], small: str, large: str) -> bool:
    """Three times what is due are allowed, and what a busy machine adds: a square would take eight times of it."""
    return _seconds(parse, large) < 3 * _FACTOR * _seconds(parse, small) + 0.003


def _seconds(parse: Callable[[str], object], text: str) -> float:
    before = time.thread_time()
    parse(text)
    return time.thread_time() - before


def test_the_name_of_a_type_is_not_repeated_at_length() -> None:
    with pytest.raises(EngineError) as caught:
        skip("Array(" * 10_000)

    assert len(caught.value.message) < 1_000
