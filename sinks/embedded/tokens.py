"""Cuts SQL text into ClickHouse's tokens, in time that grows with its length and no faster.

Source: ClickHouse's `src/Parsers/Lexer.cpp`. Every character is looked at a bounded number of times: repetitions are
possessive, and what is opened and never closed is one token that reaches to the end of the text.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<skip>\s++|--[^\n]*+|\#[ !][^\n]*+)
      | (?P<string>'(?:[^'\\]++|\\.|'')*+'|\u2018[^\u2019]*+\u2019)
      | (?P<name>`(?:[^`\\]++|\\.|``)*+`|"(?:[^"\\]++|\\.|"")*+"|\u201c[^\u201d]*+\u201d)
      | (?P<open>['`"\u2018\u201c].*+)
      | (?P<comment>/\*)
      | (?P<word>\w[\w$]*+)
      | (?P<heredoc>\$\w*+\$)
      | (?P<sign>.)""",
    re.S | re.X,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")
_TAG = re.compile(r"\$(?=(\w*+)\$)")
_STEPS = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}


class Token(NamedTuple):
    """A piece of SQL: a `word`, `string`, `name` (in quotes), `sign`, or `open` (a quote that is never closed).

    `depth` counts the brackets around it; a bracket is outside of itself.
    """

    kind: str
    text: str
    start: int
    end: int
    depth: int


def tokens(text: str) -> Iterator[Token]:
    """Yield all tokens but white space and comments."""
    position, depth = 0, 0
    last_tags: dict[str, int] | None = None
    while found := _TOKEN.match(text, position):
        kind, start, position = found.lastgroup or "", position, found.end()
        if kind == "skip":
            continue
        if kind == "comment":
            position = _comment_end(text, start)
            continue
        if kind == "heredoc":
            if last_tags is None:
                last_tags = {mark[1]: mark.start() for mark in _TAG.finditer(text)}
            tag = found[0]
            closed = last_tags.get(tag[1:-1], 0) >= position
            position = text.index(tag, position) + len(tag) if closed else start + 1
            kind = "string" if closed else "sign"
        piece = text[start:position]
        step = _STEPS.get(piece, 0) if kind == "sign" else 0
        depth += min(step, 0)
        yield Token(kind, piece, start, position, depth)
        depth += max(step, 0)


def _comment_end(text: str, start: int) -> int:
    """Return where a comment ends that begins here; they nest."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(text, start):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return len(text)
