"""The little of SQL text a server must understand: where an INSERT's data begins, and settings.

Whatever is not recognised here goes to the engine as it is, so a mistake can only be refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

_TOKEN = re.compile(
    r"""(?P<skip>\s+|--[^\n]*|\#[! ][^\n]*|/\*.*?\*/)
      | (?P<quoted>'(?:[^'\\]|\\.|'')*' | `(?:[^`\\]|\\.|``)*` | "(?:[^"\\]|\\.|"")*")
      | (?P<word>\w+)
      | (?P<sign>.)""",
    re.S | re.X,
)
_FORMAT_NAME = re.compile(r"\s+(\w+)[ \t\f]*;?[ \t\f]*\r?\n?")
_FORMAT = re.compile(r"\bFORMAT\b", re.I)
_STRING = r"'(?:[^'\\]|\\.|'')*'"
_MAP = rf"\{{(?:[^{{}}']|{_STRING})*\}}"
_PAIR = rf"\w+\s*=\s*(?:{_STRING}|{_MAP}|-?[\w.+-]+)"
_DATA_WORDS = {"SELECT", "WITH", "VALUES", "FORMAT", "FROM", "WATCH"}


@dataclass(frozen=True)
class InsertText:
    """An INSERT in pieces: where to, its SETTINGS clause, the format, and where data begins."""

    target: str
    options: str
    form: str
    data_from: int


@dataclass(frozen=True)
class Word:
    """A bare word outside quotes, comments; `depth` counts open brackets."""

    text: str
    start: int
    end: int
    depth: int


def words(text: str) -> Iterator[Word]:
    """All bare words of a statement, upper-cased."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token["sign"]:
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token[0], 0)
        elif token["word"]:
            yield Word(token[0].upper(), token.start(), token.end(), depth)


def _first(text: str, wanted: set[str]) -> Word | None:
    """The first of these words outside brackets, the statement's own first word aside."""
    for word in islice(words(text), 1, None):
        if word.depth == 0 and word.text in wanted:
            return word
    return None


def insert(text: str) -> InsertText | None:
    """Recognise an INSERT whose data comes from the client; None for every other statement."""
    start = list(islice(words(text), 3))
    if len(start) < 2 or start[0].text != "INSERT":
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
    """The SELECT that has the columns of an INSERT's target (`db.t (a, b)`), in their order."""
    depth, cut = 0, len(target)
    if target.endswith(")"):
        for token in reversed(list(_TOKEN.finditer(target))):
            depth += {")": 1, "(": -1}.get(token[0], 0) if token["sign"] else 0
            if depth == 0:
                cut = token.start()
                break
    table, listed = target[:cut].strip(), target[cut + 1 : -1].strip()
    if table.upper().startswith("FUNCTION ") and " " not in table[9:].strip():
        return f"SELECT * FROM {table[9:].strip()}({listed})"
    return f"SELECT {listed or '*'} FROM {table.removeprefix('FUNCTION ')}"


def settings_clause(text: str) -> tuple[str, dict[str, str]] | None:
    """Split a trailing `SETTINGS a = 1, b = 'x'` off a query; values stay SQL literals.

    A FORMAT after it is kept. None when there is no such clause, or it is not plain.
    """
    marks = [word for word in words(text) if word.text == "SETTINGS" and word.depth == 0]
    if not marks:
        return None
    rest = text[marks[-1].end :]
    found = re.fullmatch(rf"\s*({_PAIR}(?:\s*,\s*{_PAIR})*)\s*(FORMAT\s+\w+)?\s*;?\s*", rest, re.I)
    if not found:
        return None
    kept = f"{text[: marks[-1].start].rstrip()} {found[2] or ''}".rstrip()
    return kept, assignments(found[1])


def assignments(text: str) -> dict[str, str]:
    """Read `a = 1, b = 'x'`; values stay SQL literals."""
    pairs = re.finditer(rf"(\w+)\s*=\s*({_STRING}|{_MAP}|-?[\w.+-]+)", text)
    return {pair[1]: pair[2] for pair in pairs}


def set_statement(text: str) -> dict[str, str] | None:
    """The settings of a `SET a = 1, b = 2` statement, or None when it is something else."""
    found = re.fullmatch(rf"\s*SET\s+({_PAIR}(?:\s*,\s*{_PAIR})*)\s*;?\s*", text, re.I)
    return assignments(found[1]) if found else None


def literal(value: str) -> str:
    """A setting's value as an SQL literal: numbers as they are, all else quoted."""
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def output_format(text: str) -> tuple[str | None, bool]:
    """The FORMAT a query ends with (None: it has none), and whether that is certain."""
    marks = [word for word in words(text) if word.text == "FORMAT"] if _FORMAT.search(text) else []
    if not marks:
        return None, True
    tail = re.fullmatch(r"\s+(\w+)\s*(SETTINGS\s.*)?;?\s*", text[marks[-1].end :], re.I | re.S)
    return (tail[1], True) if tail and marks[-1].depth == 0 else (None, False)


def without_format(text: str) -> str:
    """Cut `FORMAT x` and the semicolon off a query: over the native protocol clients format."""
    text = text.rstrip(" \t\r\n;")
    name, sure = output_format(text)
    if name is None or not sure:
        return text
    return re.sub(rf"\s*\bFORMAT\s+{name}\b(?!.*\bFORMAT\b)", "", text, flags=re.I | re.S)
