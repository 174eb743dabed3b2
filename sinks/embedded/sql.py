"""The little of SQL text a server must understand: where an INSERT's data begins, settings, the format.

Whatever is not recognised here goes to the engine as it is, so a mistake can only be refused.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sinks.embedded.engine import EngineError
from sinks.embedded.tokens import Token, tokens

MAX_TEXT = 1 << 19  # characters of a statement without its data; the engine itself parses half of that
INSERT_HEAD = 1 << 16  # an INSERT's own text ends within this

_FORMAT_NAME = re.compile(r"\s++(\w++)[ \t\f]*+;?[ \t\f]*+\r?\n?")
_MENTIONS_FORMAT = re.compile(r"\bFORMAT\b", re.I)
_MENTIONS_SETTINGS = re.compile(r"\bSETTINGS\b", re.I)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DATA_WORDS = {"SELECT", "WITH", "VALUES", "FORMAT", "FROM", "WATCH"}


@dataclass(frozen=True)
class InsertText:
    """An INSERT in pieces: where to, its SETTINGS clause, the format, and where data begins."""

    target: str
    options: str
    form: str
    data_from: int


def bounded(text: str) -> str:
    """Give the text back; raises EngineError when it is too long to be looked at."""
    if len(text) > MAX_TEXT:
        raise EngineError(
            223,
            f"DB::Exception: A query of {len(text)} characters: ask with at most {MAX_TEXT}, "
            "or send long values as data. (QUERY_IS_TOO_LARGE)",
        )
    return text


def _words(text: str) -> Iterator[Token]:
    """Return all bare words of a statement, upper-cased."""
    return (token._replace(text=token.text.upper()) for token in tokens(text) if token.kind == "word")


def _first(text: str, wanted: set[str]) -> Token | None:
    """Return the first of these words outside brackets, the statement's own first word aside."""
    for word in islice(_words(text), 1, None):
        if word.depth == 0 and word.text in wanted:
            return word
    return None


def _last(listed: Sequence[Token], wanted: str) -> int | None:
    """Return where the last such word outside brackets is."""
    for index in range(len(listed) - 1, -1, -1):
        token = listed[index]
        if token.kind == "word" and token.depth == 0 and token.text.upper() == wanted:
            return index
    return None


def insert(text: str) -> InsertText | None:
    """Recognise an INSERT whose data comes from the client; None for every other statement."""
    start = list(islice(_words(text), 1))
    if not start or start[0].text != "INSERT":
        return None
    start = list(islice(_words(text), 3))
    if len(start) < 2:
        return None
    mark = _first(text, _DATA_WORDS)
    if mark and mark.text not in ("VALUES", "FORMAT"):
        return None
    end = mark.start if mark else len(text.rstrip(" \t\r\n;"))
    form, data_from = "Values", len(text)
    if mark and mark.text == "VALUES":
        data_from = mark.end
    elif mark:
        name = _FORMAT_NAME.match(text, mark.end)
        if not name:
            return None
        form, data_from = name[1], name.end()
    statement = text[:end].rstrip()
    settings = _first(statement, {"SETTINGS"})
    skipped = [word for word in start if word.text in ("INSERT", "INTO", "TABLE") and not word.depth]
    begin = skipped[-1].end
    target = statement[begin : settings.start if settings else None].strip()
    options = statement[settings.start :] if settings else ""
    return InsertText(target, options, form, data_from)


def columns_of(target: str) -> str:
    """Return the SELECT that has the columns of an INSERT's target (`db.t (a, b)`), in their order."""
    cut = len(target)
    if target.endswith(")"):
        brackets = [
            token.start for token in tokens(target) if token.kind == "sign" and token.text == "(" and not token.depth
        ]
        cut = brackets[-1] if brackets else cut
    table, listed = target[:cut].strip(), target[cut + 1 : -1].strip()
    if table.upper().startswith("FUNCTION ") and " " not in table[9:].strip():
        return f"SELECT * FROM {table[9:].strip()}({listed})"
    return f"SELECT {listed or '*'} FROM {table.removeprefix('FUNCTION ')}"


def settings_clause(text: str) -> tuple[str, dict[str, str]] | None:
    """Split a trailing `SETTINGS a = 1, b = 'x'` off a query; values stay SQL literals.

    A FORMAT after it is kept. None when there is no such clause, or it is not plain.
    """
    listed = list(tokens(text)) if _MENTIONS_SETTINGS.search(text) else []
    mark = _last(listed, "SETTINGS")
    if mark is None:
        return None
    pairs, after = _pairs(text, listed, mark + 1)
    rest = _without_semicolon(listed[after:])
    kept = ""
    if len(rest) == 2 and rest[0].text.upper() == "FORMAT" and rest[1].kind == "word":
        kept = text[rest[0].start : rest[1].end]
    elif rest:
        return None
    return (f"{text[: listed[mark].start].rstrip()} {kept}".rstrip(), pairs) if pairs else None


def set_statement(text: str) -> dict[str, str] | None:
    """Return the settings of a `SET a = 1, b = 2` statement, or None when it is something else."""
    first = next(tokens(text), None)
    if first is None or first.text.upper() != "SET":
        return None
    listed = list(tokens(text))
    pairs, after = _pairs(text, listed, 1)
    return pairs if pairs and not _without_semicolon(listed[after:]) else None


def _without_semicolon(rest: Sequence[Token]) -> Sequence[Token]:
    return rest[:-1] if rest and rest[-1].text == ";" else rest


def _pairs(text: str, listed: Sequence[Token], index: int) -> tuple[dict[str, str], int]:
    """Read `a = 1, b = 'x'` from a token on; none when it is anything else. Also where it ends."""
    pairs: dict[str, str] = {}
    while index + 2 < len(listed) and listed[index].kind == "word" and listed[index + 1].text == "=":
        end = _value_end(listed, index + 2)
        if end is None:
            return {}, index
        pairs[listed[index].text] = text[listed[index + 2].start : listed[end - 1].end]
        index = end
        if index == len(listed) or listed[index].text != ",":
            return pairs, index
        index += 1
    return {}, index


def _value_end(listed: Sequence[Token], index: int) -> int | None:
    """Behind a setting's value: a string, a map of such, or a word or number (`-1.5e-3`)."""
    first = listed[index]
    if first.text.startswith("'"):
        return index + 1 if first.kind == "string" else None
    if first.text == "{":
        for end in range(index + 1, len(listed)):
            token = listed[end]
            if token.text == "}":
                return end + 1
            if not (token.kind in ("string", "word") or token.text in (":", ",", "-", ".")):
                return None
        return None
    end = index
    while end < len(listed) and (listed[end].kind == "word" or listed[end].text in ("-", "+", ".")):
        if end > index and listed[end].start != listed[end - 1].end:
            break
        end += 1
    return end if end > index else None


def literal(value: str) -> str:
    """Return a setting's value as an SQL literal: numbers as they are, all else quoted."""
    if _NUMBER.fullmatch(value):
        return value
    return quoted(value)


def quoted(text: str) -> str:
    """Return a text as an SQL literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _format_clause(text: str) -> tuple[Token, Token] | None:
    """Return the words FORMAT and its name, where they end a query or only SETTINGS follow."""
    listed = list(tokens(text))
    mark = _last(listed, "FORMAT")
    if mark is None or mark + 1 >= len(listed) or listed[mark + 1].kind != "word":
        return None
    after = listed[mark + 2 :]
    if after and after[0].text != ";" and after[0].text.upper() != "SETTINGS":
        return None
    return (listed[mark], listed[mark + 1])


def output_format(text: str) -> tuple[str | None, bool]:
    """Return the FORMAT a query ends with (None: it has none), and whether that is certain."""
    if not _MENTIONS_FORMAT.search(text):
        return None, True
    if clause := _format_clause(text):
        return clause[1].text, True
    mentioned = any(token.kind == "word" and token.text.upper() == "FORMAT" for token in tokens(text))
    return None, not mentioned


def without_format(text: str) -> str:
    """Cut `FORMAT x` and the semicolon off a query: over the native protocol clients format."""
    text = text.rstrip(" \t\r\n;")
    clause = _format_clause(text) if _MENTIONS_FORMAT.search(text) else None
    if clause is None:
        return text
    return text[: clause[0].start].rstrip() + text[clause[1].end :]
