"""A filter and its terms, and how they are written: each in one way, which is read again as the same."""

import re
from typing import Literal, NamedTuple, get_args

import msgspec

from graph.filters.fields import FIELDS, Number
from graph.selectors import Selector

RESERVED = frozenset({"AND", "OR", "NOT", *FIELDS})  # no words, unless in quotes
Op = Literal[">", ">=", "<", "<="]
OPS: dict[str, Op] = {op: op for op in get_args(Op)}
_PLAIN = re.compile(r'[^\s",*]+')
_WORD = re.compile(r"[^\W_][\w./@+-]*|:\d+")


class Value(NamedTuple):
    """A text that is asked for; with `stars`, a star in it stands for any text."""

    text: str
    stars: bool = False

    def __str__(self) -> str:
        return self.text if self.stars or _PLAIN.fullmatch(self.text) else quoted(self.text)


class Term(NamedTuple):
    """A field that has one of some values; without any, a flag that is set."""

    field: str
    values: tuple[Value, ...] = ()
    negated: bool = False

    def __str__(self) -> str:
        name, dot, of = self.field.partition(".")  # label.team is written label:team=blue
        values = ",".join(map(str, self.values))
        sign = "=" if dot else ":"
        return _signed(self.negated, (f"{name}:{of}" if dot else name) + (f"{sign}{values}" if values else ""))


class Compared(NamedTuple):
    """A field whose number is greater or less than a bound, in the unit of the field."""

    field: str
    op: Op
    bound: float
    negated: bool = False

    def __str__(self) -> str:
        field = FIELDS[self.field]
        unit = field.unit if isinstance(field, Number) else ""
        return _signed(self.negated, f"{self.field}{self.op}{_digits(self.bound)}{unit}")


class Word(NamedTuple):
    """A text that stands somewhere in what is known of a node or an edge."""

    value: Value
    negated: bool = False

    def __str__(self) -> str:
        plain = self.value.stars or (_WORD.fullmatch(self.value.text) and self.value.text not in RESERVED)
        return _signed(self.negated, self.value.text if plain else quoted(self.value.text))


class Ends(NamedTuple):
    """A selector, as annotations have it (graph/selectors.py): nodes, or edges by their ends."""

    selector: Selector
    negated: bool = False

    def __str__(self) -> str:
        ends = (self.selector.node, self.selector.server)
        written = (",".join(map(str, end)) or "*" for end in ends if end is not None)
        return _signed(self.negated, " > ".join(written))


AnyTerm = Term | Compared | Word | Ends


class Filter(NamedTuple):
    """Terms that must all hold. Of edges only the `top` busiest are kept, and also what is `around` so many steps."""

    terms: tuple[AnyTerm, ...] = ()
    around: int = 0
    top: int = 0

    def __str__(self) -> str:
        steps = [f"around:{self.around}"] if self.around else []
        most = [f"top:{self.top}"] if self.top else []
        return " ".join([*map(str, self.terms), *most, *steps])

    @property
    def ages(self) -> list[str]:
        """Return for which ages it asks what is new."""
        terms = [term for term in self.terms if isinstance(term, Term) and term.field == "new"]
        return list(dict.fromkeys(value.text for term in terms for value in term.values))


def quoted(text: str) -> str:
    """Write a text in double quotes, as JSON does."""
    return msgspec.json.encode(text).decode()


def _signed(negated: bool, text: str) -> str:
    return f"-{text}" if negated else text


def _digits(number: float) -> str:
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)
