"""Read a filter. What cannot be read is one sentence with its place."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from math import inf, isfinite
from typing import NamedTuple

import msgspec

from graph.filters.fields import FIELDS, Count, Named, Number, Text
from graph.filters.terms import OPS, RESERVED, AnyTerm, Compared, Ends, Filter, Term, Value, Word
from graph.filters.times import is_age
from graph.node_texts import NODE_TEXTS
from graph.selectors import BadSelector, parse_selector
from schemas.matching import near, unknown
from schemas.text import shown

LONGEST = 1_000  # characters
_TOKEN = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s"])+')
_HEAD = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(:|>=|<=|>|<|=)(.*)", re.DOTALL)
_VALUE = re.compile(r'"(?:[^"\\]|\\.)*"|[^,"]+')
_OF = re.compile(r'([^\s=,"!]+)(?:=(.+))?', re.DOTALL)
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?)([A-Za-z%]*)(?:/s)?")
_NODE = re.compile(rf"({'|'.join(NODE_TEXTS)}):")
_ARROW = ">"
_SIZES = {"": 1, "B": 1, **{f"{k}{b}": 1000**n for n, k in enumerate("kMGT", 1) for b in ("", "B")}}
_SCALES: dict[str, dict[str, float]] = {
    "": {"": 1, "k": 1e3, "M": 1e6},
    "%": {"": 1, "%": 1},
    "ms": {"": 1, "us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4},
    "B": {**_SIZES, **{f"{k}iB": 1024**n for n, k in enumerate("KMGT", 1)}},
}


class BadFilter(ValueError):
    """A text that is no filter: a sentence with the place, the number of the character where it begins, from 0."""

    def __init__(self, reason: str, token: str, at: int) -> None:
        super().__init__(f"{shown(token)}, at character {at + 1}: {reason}")
        self.at = at


class _Token(NamedTuple):
    """A piece of a filter, and where it begins; `ends` are both sides of an arrow."""

    text: str
    at: int
    ends: tuple[str, ...] = ()


def parse_filter(text: str) -> Filter:
    """Read a filter; BadFilter for what is none."""
    if len(text) > LONGEST:
        reason = f"a filter has at most {LONGEST:,} characters, and this one has {len(text):,}"
        raise BadFilter(reason, f"{text[LONGEST : LONGEST + 10]}…", LONGEST)
    terms: list[AnyTerm] = []
    counts: dict[str, int] = {}
    for token in _joined(_tokens(text)):
        name, _, number = token.text.partition(":")
        if isinstance(count := FIELDS.get(name), Count):
            counts[name] = _count(count, number, token)
        else:
            terms.append(_term(token))
    return Filter(tuple(terms), **counts)


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        found = _TOKEN.match(text, at)
        if found is None or text[found.end() : found.end() + 1] == '"':
            quote = text.index('"', found.end() if found else at)
            raise BadFilter("this quote has no end", text[quote : quote + 20], quote)
        yield _Token(found[0], at)
        at = found.end()


def _joined(tokens: Iterator[_Token]) -> Iterator[_Token]:
    """Put an arrow and what stands before and after it into one."""
    before: _Token | None = None
    for token in tokens:
        if token.text != _ARROW:
            if before:
                yield before
            before = token
            continue
        after = next(tokens, None)
        if before is None or before.ends or after is None or after.text == _ARROW:
            reason = "an arrow stands between a client and a server: service:shop > service:redis"
            raise BadFilter(reason, token.text, token.at)
        before = _Token(f"{before.text} {_ARROW} {after.text}", before.at, (before.text, after.text))
    if before:
        yield before


def _term(token: _Token) -> AnyTerm:
    negated = token.text.startswith("-")
    text = token.text.removeprefix("-")
    if not text:
        raise BadFilter("something to leave out follows a minus: -infra", token.text, token.at)
    if token.ends:
        return _ends((token.ends[0].removeprefix("-"), token.ends[1]), token, negated)
    head = _HEAD.fullmatch(text)
    if head is None or _is_address(text):
        return _word(text, token, negated)
    name, op, rest = head.groups()
    if op == "=" and (name in NODE_TEXTS or name == "port"):
        return _ends((text,), token, negated)
    return _fielded(name, op, rest, token)._replace(negated=negated)


def _fielded(name: str, op: str, rest: str, token: _Token) -> Term | Compared:
    field = FIELDS.get(name)
    match field:
        case None:
            hint = "" if near(name, FIELDS) else "; a word with such a sign is put in double quotes"
            raise BadFilter(f"{unknown('field', name, FIELDS)}{hint}", token.text, token.at)
        case Number():
            return _compared(field, op, rest, token)
        case _ if op != ":":
            raise BadFilter(f"{name} is no number: write {field.example}", token.text, token.at)
        case Named():
            of = _OF.fullmatch(rest)
            if of is None:
                raise BadFilter(f"{name} has no name: write {field.example}", token.text, token.at)
            return Term(f"{name}.{of[1]}", _values(of[2], token) if of[2] else ())
        case Text():
            if not rest:
                raise BadFilter(f"{name} has no value: {name}:* is for any", token.text, token.at)
            return _checked(field, Term(name, _values(rest, token)), token)
    raise AssertionError(field)


def _checked(field: Text, term: Term, token: _Token) -> Term:
    for value in term.values:
        if field.choices and value.text not in field.choices:
            raise BadFilter(unknown(field.name, value.text, field.choices), token.text, token.at)
        if field.name == "new" and not is_age(value.text):
            raise BadFilter(f"{shown(value.text)} is no age: give 30m, 2h, 7d or today", token.text, token.at)
    return term


def _values(text: str, token: _Token) -> tuple[Value, ...]:
    values, at = [], 0
    while found := _VALUE.match(text, at):
        values.append(_value(found[0], token))
        at = found.end()
        if text[at : at + 1] != ",":
            break
        at += 1
    if at < len(text) or text.endswith(","):
        raise BadFilter("values stand between commas, and special ones in double quotes", token.text, token.at)
    return tuple(dict.fromkeys(values))


def _value(text: str, token: _Token) -> Value:
    if not text.startswith('"'):
        return Value(text, "*" in text)
    try:
        return Value(msgspec.json.decode(text, type=str))
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise BadFilter("this is no text as JSON writes it", text, token.at) from None


def _compared(field: Number, op: str, rest: str, token: _Token) -> Compared:
    found = _NUMBER.fullmatch(rest)
    scales = _SCALES[field.unit]
    bound = float(found[1]) * scales.get(found[2], inf) if found else inf
    if op not in OPS or not isfinite(bound):
        units = ", ".join(filter(None, scales))
        raise BadFilter(f"{field.name} is compared with a number ({units}): {field.example}", token.text, token.at)
    return Compared(field.name, OPS[op], bound)


def _count(field: Count, number: str, token: _Token) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", number) or not 1 <= int(number) <= field.most:
        reason = f"{field.name} is a number from 1 to {field.most:,}: write {field.example}"
        raise BadFilter(reason, token.text, token.at)
    return int(number)


def _word(text: str, token: _Token, negated: bool) -> Term | Word:
    field = FIELDS.get(text)
    if isinstance(field, Text) and field.flag:
        return Term(text, (Value(field.default),) if field.default else (), negated)
    if text in RESERVED:
        use = f"write {field.example}" if field else "all terms must hold, service:a,b is for either, -infra leaves out"
        raise BadFilter(f"{use}; as a word it is put in double quotes", token.text, token.at)
    if text.startswith('"'):
        return Word(_value(text, token), negated)
    if '"' in text:
        raise BadFilter("a quote stands at the beginning of a word", token.text, token.at)
    return Word(Value(text, "*" in text), negated)


def _ends(ends: tuple[str, ...], token: _Token, negated: bool) -> Ends:
    """Read a selector; service:shop beside an arrow is what has this service."""
    text = f" {_ARROW} ".join(_NODE.sub(r"\1=", end, count=1) for end in ends)
    try:
        return Ends(parse_selector(text), negated)
    except BadSelector as error:
        raise BadFilter(str(error), token.text, token.at) from None


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False
