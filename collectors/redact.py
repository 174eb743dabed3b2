"""Secrets leave no host: what looks like one in a command line is replaced by ***.

Arguments are read as a shell and the programs read them: a program's own options (`mysql -pX`, `curl -sSu me:X`), also
behind wrappers (`sudo`, `docker exec`, `sh -c "…"`); names that mean one (`--password X`, `PGPASSWORD=X`); and shapes
(`user:X@host`, `ghp_…`). Rules: redact_programs.py, redact_databases.py, redact_names.py, redact_shapes.py,
redact_scripts.py, redact_tokens.py.
"""

import re

from collectors.redact_kinds import Kind, Program, hide, hide_joined
from collectors.redact_names import is_command, is_secret, strength
from collectors.redact_programs import PROGRAMS
from collectors.redact_shapes import hide_shapes
from collectors.redact_tokens import HIDDEN

_DEEPEST = 4  # command lines within command lines: ssh host "sudo sh -c 'mysql …'"
_NO_PROGRAM = Program()
_PIECE = re.compile(
    r"(?P<space>\s+)|(?P<end>[;|()\n]|&&)|(?P<word>(?:'[^']*+'|\"(?:[^\"\\]|\\.)*+\"|\\.|[^\s;|()'\"\\&]|&(?!&)|['\"\\])++)",
    re.S,
)
_OPTION = re.compile(r"--?[A-Za-z_@/:][\w.:@/-]*+")
_ASSIGNMENT = re.compile(r"((?:--?|/)?[\w.@/-]++)(=|:=|:)(.+)", re.S)
_NAMES_ONLY = {"--name", "--hostname", "--network", "--container", "--container-name", "--service", "--namespace"}


def redact(arguments: list[str]) -> list[str]:
    """Return a command line with its secrets replaced; the number of arguments stays.

    A program that writes its own title leaves one argument, which is read as a command line.
    """
    return _Scan(0).all(arguments)


class _Scan:
    """Reads one command line, argument by argument."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._begin()

    def _begin(self) -> None:
        """Expect a program next."""
        self._program = _NO_PROGRAM
        self._started = False
        self._too_early = False  # for what short options mean a secret after a word only
        self._awaited: tuple[str, Kind | None] | None = None  # the option before, and what its argument is
        # Since words of the program: how many words passed, and which of them are secrets.
        self._counting: list[tuple[int, tuple[int, ...]]] = []
        self._ending = False  # the last argument is a secret
        self._naming = False  # a bare word may name the secret after it
        self._previous = ""

    def all(self, arguments: list[str]) -> list[str]:
        """Redact arguments that stand apart."""
        redacted = [self.argument(argument) for argument in arguments]
        return self._without_last(redacted)

    def text(self, text: str) -> str:
        """Redact a command line that is one text, as a shell reads it."""
        pieces: list[str] = []
        words: list[int] = []  # where the words of the command are
        for piece in _PIECE.finditer(text):
            if piece["word"]:
                words.append(len(pieces))
                pieces.append(self._quoted(piece["word"]))
                continue
            if piece["end"] or "\n" in piece[0]:
                self._finish(pieces, words)
            pieces.append(piece[0])
        self._finish(pieces, words)
        return "".join(pieces)

    def _finish(self, pieces: list[str], words: list[int]) -> None:
        for at, word in zip(words, self._without_last([pieces[at] for at in words]), strict=True):
            pieces[at] = word
        words.clear()
        self._begin()

    def _without_last(self, redacted: list[str]) -> list[str]:
        if self._ending and len(redacted) > 2 and not redacted[-1].startswith("-"):
            return [*redacted[:-1], HIDDEN]
        return redacted

    def _quoted(self, word: str) -> str:
        """Redact a shell's word; what stands in quotes keeps them."""
        quote = word[0]
        if len(word) > 1 and quote in "'\"" and word[-1] == quote and quote not in word[1:-1]:
            return quote + self.argument(word[1:-1]) + quote
        return self.argument(word)

    def argument(self, argument: str) -> str:
        """Redact one argument."""
        awaited, self._awaited = self._awaited, None
        previous, self._previous = self._previous, argument
        valued = previous[:1] == "-" and (previous[1:] in self._program.valued or previous in self._program.options)
        counted = not valued and not argument.startswith("-") and self._count()
        if awaited and (hidden := hide(argument, *awaited)) is not None:
            return hidden
        if self._starts(argument, previous):
            return self._within(argument)
        if counted:
            return _kept_assignment(argument)
        if argument.startswith(("-", "/")) and (optioned := self._option(argument)) is not None:
            return optioned
        self._word(argument)
        if self._program.positional and (hidden := hide(argument, "", self._program.positional)) is not None:
            return hidden
        return self._within(argument)

    def _count(self) -> bool:
        """Pass one word; return whether a word before makes it a secret."""
        self._counting = [(passed + 1, places) for passed, places in self._counting if passed < max(places)]
        return any(passed in places for passed, places in self._counting)

    def _starts(self, argument: str, previous: str) -> bool:
        """Begin a program's own arguments where its name stands: first, or behind wrappers."""
        if len(argument) > 255 or " " in argument or (self._started and argument.startswith("-")):
            return False
        name = argument.rpartition("/")[2].lower().removesuffix(".exe").lstrip("-")
        found = PROGRAMS.get(name) or PROGRAMS.get(name.rstrip("0123456789.-"))
        if not self._started and "=" not in argument and not argument.startswith("-"):
            self._started = True
            found = found or _NO_PROGRAM
        if found is None or found is self._program or previous in _NAMES_ONLY:
            return False
        self._program = found
        self._too_early = bool(found.after)
        self._ending = "" in found.last
        self._naming = "" in found.names
        self._counting = [(0, found.words[""])] if "" in found.words else []
        return True

    def _word(self, argument: str) -> None:
        program = self._program
        self._too_early &= argument not in program.after
        places = program.words.get(argument.lower()) or program.words.get(argument.partition(".")[0] + ".*")
        if places:
            self._counting.append((0, places))
        self._ending |= argument in program.last
        if self._naming and strength(argument) in {"password", "token"} and "=" not in argument:
            self._awaited = (argument, None)
        self._naming |= argument in program.names

    def _option(self, argument: str) -> str | None:
        """Redact an option with its argument joined, or await its argument; None for an option of no interest."""
        options = self._program.options
        apart = options.get(argument)
        if apart is Kind.FLAG:
            return argument
        if apart not in {None, Kind.JOINED} and not self._waits(argument, apart):
            self._awaited = (argument, apart)
            return argument
        self._word(argument)
        joined = self._joined(argument)
        if joined is not None:
            return joined
        assigned = _ASSIGNMENT.fullmatch(argument)
        if assigned:
            name, sign, value = assigned.groups()
            parts = sign == ":" and name[:2] == "--" and value.isalpha()  # --Smtp:Password X
            if parts and strength(value) and strength(name) != "password":
                self._awaited = (value, None)
                return argument
            kind = options.get(name)
            if (kind is not None and not self._waits(name, kind)) or is_command(name):
                hidden = hide(value, name, kind)
                return None if hidden is None else name + sign + hidden
            return name + sign + HIDDEN if sign != ":" and is_secret(name, value) else None
        if _OPTION.fullmatch(argument) and (strength(argument) or is_command(argument)):
            self._awaited = (argument, None)
            return argument
        return None

    def _waits(self, option: str, kind: Kind | None) -> bool:
        """Return whether an option means a secret after a word only that has not come."""
        return self._too_early and (option[1:2] != "-" or kind is Kind.SECRET)

    def _joined(self, argument: str) -> str | None:
        """Read a bundle of short options: -sSLu X, -pX. It ends at the first that takes a value."""
        program = self._program
        if "-b" in program.last and argument.startswith("-") and "b" in argument and not argument.startswith("--"):
            self._ending = True
        if argument.startswith("--") or not argument.startswith("-") or not program.bundles or self._too_early:
            return None
        for option, kind in program.options.items():
            if kind is Kind.JOINED and argument.startswith(option) and argument != option:
                return hide_joined(option, argument[len(option) :])
        for at, letter in enumerate(argument[1:], 1):
            meaning = program.options.get("-" + letter)
            if meaning is Kind.HARMLESS or letter in program.valued or (not letter.isalnum() and letter != "#"):
                return None
            if meaning is Kind.JOINED:
                return hide_joined(argument[: at + 1], argument[at + 1 :])
            if meaning is not None and at == len(argument) - 1:
                self._awaited = ("-" + letter, meaning)
                return argument
            if meaning is not None:
                hidden = hide(argument[at + 1 :], "-" + letter, meaning)
                return None if hidden is None else argument[: at + 1] + hidden
        return None

    def _within(self, argument: str) -> str:
        """Redact what is inside an argument: a command line of its own, an assignment, or known shapes."""
        assigned = _ASSIGNMENT.fullmatch(argument)
        if assigned and assigned[2] == "=" and not re.search(r"\s", argument) and is_secret(assigned[1], assigned[3]):
            return f"{assigned[1]}={HIDDEN}"
        hidden = hide_shapes(argument)
        if self._depth < _DEEPEST and re.search(r"\s", hidden):
            return _Scan(self._depth + 1).text(hidden)
        return hidden


def _kept_assignment(argument: str) -> str:
    """Hide an argument; of name=value, which options among words are, the name stays."""
    name, sign, _ = argument.partition("=")
    return f"{name}={HIDDEN}" if sign and re.fullmatch(r"[A-Za-z_]\w*", name) else HIDDEN
