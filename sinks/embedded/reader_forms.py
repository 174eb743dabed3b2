"""DESCRIBE, EXISTS, SHOW: the engine has no tree of some statements. Their forms are plain, so tokens are enough."""

from collections.abc import Callable

from sinks.embedded.allowed import check_format
from sinks.embedded.reader_walk import is_plain
from sinks.embedded.refusal import refuse
from sinks.embedded.tokens import Token, tokens

_DESCRIBE = {"DESCRIBE", "DESC"}
_KINDS = {"TABLE", "VIEW", "DATABASE", "DICTIONARY", "TEMPORARY"}


def checked(text: str, judge: Callable[[str], str]) -> str:
    """Give what is to be run; raises EngineError for all but the plain forms.

    `judge` gives what is to be run of a SELECT, or raises it.
    """
    listed = list(tokens(text))
    if listed and listed[-1].text == ";":
        listed.pop()
    tail = ""
    if len(listed) > 2 and listed[-2].text.upper() == "FORMAT" and listed[-1].kind == "word":
        check_format(listed[-1].text)
        tail = f" FORMAT {listed[-1].text}"
        del listed[-2:]
    words = [token.text.upper() if token.kind == "word" else "" for token in listed]
    match words:
        case [describe, *_] if describe in _DESCRIBE:
            rest = listed[1:]
            if len(rest) > 1 and words[1] == "TABLE":
                rest = rest[1:]
            if _is_name(rest):
                return f"DESCRIBE TABLE {_source(text, rest)}{tail}"
            if rest and all(token.kind != "open" for token in rest):
                table = _source(text, rest)
                select = judge(f"SELECT * FROM {table}\n")
                return f"DESCRIBE TABLE ({select}\n){tail}"
        case ["EXISTS", *_] if _is_name(_without_kinds(listed[1:])):
            return f"{_source(text, listed)}{tail}"
        case ["SHOW", "CREATE", *_] if _is_name(_without_kinds(listed[2:])):
            return f"{_source(text, listed)}{tail}"
        case ["SHOW", "FUNCTIONS"] | ["SHOW", "ENGINES"]:
            return f"{_source(text, listed)}{tail}"
        case ["SHOW", "FUNCTIONS", "LIKE" | "ILIKE", ""] if _is_text(listed[3]):
            return f"{_source(text, listed)}{tail}"
        case ["SHOW", "SETTING", name] if name:
            return f"{_source(text, listed)}{tail}"
    raise refuse("Cannot execute query")


def _source(text: str, listed: list[Token]) -> str:
    return text[listed[0].start : listed[-1].end]


def _without_kinds(listed: list[Token]) -> list[Token]:
    while len(listed) > 1 and listed[0].kind == "word" and listed[0].text.upper() in _KINDS and listed[1].text != ".":
        listed = listed[1:]
    return listed


def _is_name(listed: list[Token]) -> bool:
    """Return whether tokens are `a` or `a.b`, in words or in quotes, each part plain."""
    parts = listed[::2]
    between = [token.text for token in listed[1::2]]
    return 0 < len(parts) <= 2 and between == ["."] * (len(parts) - 1) and all(_is_plain(part) for part in parts)


def _is_plain(token: Token) -> bool:
    if token.kind == "word":
        return is_plain(token.text)
    return token.kind == "name" and token.text[0] in '`"' and is_plain(token.text[1:-1])


def _is_text(token: Token) -> bool:
    return token.kind == "string" and token.text[0] == "'" and not set("\\`\"'") & set(token.text[1:-1])
