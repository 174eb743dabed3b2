"""Read a command line by the grammar of its program, to find the script after the options and their values."""

import re
from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from msgspec import Struct

from streams.naming.words import fit

MOST_WORDS = 256


class Kind(Enum):
    """The kinds of code that a program can run."""

    NOTHING = auto()
    CODE = auto()  # given on the command line; it never becomes a name
    MODULE = auto()
    SCRIPT = auto()


class Found(NamedTuple):
    """The code that a program runs, and the position at which the code's own arguments begin."""

    kind: Kind
    value: str = ""
    rest: int = 0


class Grammar(Struct, frozen=True, kw_only=True):
    """A program's options. Short ones can be joined, and one that takes a value takes the rest of its word."""

    valued: str = ""  # short options with a value, joined or the next word
    joined: str = ""  # short options with a value that is joined, if there is one
    digits: str = ""  # short options with a number that is joined, if there is one
    code: str = ""
    module: str = ""
    file: str = ""
    long_valued: frozenset[str] = frozenset()  # whose value may be the next word; --name=value is read anyhow
    long_code: frozenset[str] = frozenset()
    long_module: frozenset[str] = frozenset()
    long_file: frozenset[str] = frozenset()
    bundles: bool = True  # otherwise all letters after a dash are one option (java, erl)
    commands: frozenset[str] = frozenset()  # words before the script: deno run
    code_commands: frozenset[str] = frozenset()
    other_commands: frozenset[str] = frozenset()  # that run no script


def read(grammar: Grammar, argv: Sequence[str]) -> Found:
    """Return the code that a program runs; the first argument is the program's own name."""
    at = 1
    while at < min(len(argv), MOST_WORDS):
        word = argv[at]
        if word == "--":
            return _script(argv, at + 1)
        if word in {"-", ""}:
            return Found(Kind.NOTHING)
        if word[0] in "-+" and len(word) > 1:
            option = _long if word.startswith("--") or not grammar.bundles else _short
            found, at = option(grammar, argv, at)
            if found is not None:
                return found
        elif word in grammar.code_commands:
            return Found(Kind.CODE)
        elif word in grammar.other_commands:
            return Found(Kind.NOTHING)
        elif word in grammar.commands or word.replace(".", "").isdecimal():  # a number is a value of the word before it
            at += 1
        else:
            return _script(argv, at)
    return Found(Kind.NOTHING)


def _script(argv: Sequence[str], at: int) -> Found:
    return Found(Kind.SCRIPT, argv[at], at + 1) if at < len(argv) and argv[at] else Found(Kind.NOTHING)


def _long(grammar: Grammar, argv: Sequence[str], at: int) -> tuple[Found | None, int]:
    name, sign, value = argv[at].partition("=")
    apart = not sign
    value = value if sign else argv[at + 1] if at + 1 < len(argv) else ""
    rest = at + 1 + apart
    if name in grammar.long_code:
        return Found(Kind.CODE), rest
    if name in grammar.long_module:
        return Found(Kind.MODULE, value, rest), rest
    if name in grammar.long_file:
        return Found(Kind.SCRIPT, value, rest), rest
    return None, rest if name in grammar.long_valued else at + 1


def _short(grammar: Grammar, argv: Sequence[str], at: int) -> tuple[Found | None, int]:
    word = argv[at]
    letters = re.sub(rf"(?<=[{grammar.digits}])\d+", "", word[1:]) if grammar.digits else word[1:]
    for place, letter in enumerate(letters, start=1):
        joined = letters[place:]
        if letter in grammar.code:
            return Found(Kind.CODE), at
        if letter in grammar.joined:
            break
        if letter in grammar.valued + grammar.module + grammar.file:
            value = joined or (argv[at + 1] if at + 1 < len(argv) else "")
            rest = at + 1 if joined else at + 2
            if letter in grammar.module:
                return Found(Kind.MODULE, value, rest), rest
            return (Found(Kind.SCRIPT, value, rest) if letter in grammar.file else None), rest
    return None, at + 1


def operands(argv: Sequence[str], start: int = 1) -> list[str]:
    """Return the arguments that can be names, for a program whose options are not known."""
    return [word for word in argv[start:MOST_WORDS] if fit(word)]
