"""Reads the name of a data type (`Map(String, Array(Nullable(UInt8)))`) into its parts, each character once."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sinks.embedded.tokens import Token, tokens

MAX_LENGTH = 1 << 18  # characters: an Enum16 of ten thousand names
_MAX_DEPTH = 64


class TypeNameError(Exception):
    """A text is no data type, or too long or deep to be one."""


@dataclass
class TypeName:
    """A type, with the label it may have in a Tuple or JSON. A number is a type without arguments here."""

    name: str = ""
    arguments: list["TypeName"] = field(default_factory=list)
    label: str = ""  # all that stands before the name


def parse(text: str) -> TypeName:
    """Raise TypeNameError unless the whole text is one type."""
    if len(text) > MAX_LENGTH:
        raise TypeNameError(f"a type's name of more than {MAX_LENGTH} characters")
    left = tokens(text)
    root = TypeName()
    if _arguments(left, root, closing="", depth=0) and len(root.arguments) == 1:
        return root.arguments[0]
    raise TypeNameError("not a data type")


def _arguments(left: Iterator[Token], parent: TypeName, closing: str, depth: int) -> bool:
    """Append what stands before `closing` to the parent's arguments; whether it came."""
    if depth > _MAX_DEPTH:
        raise TypeNameError(f"types within types more than {_MAX_DEPTH} deep")
    current: TypeName | None = None
    whole = False  # the current one's brackets have come
    for token in left:
        if token.text == closing:
            return _ended(parent, current, last=True)
        if token.text == ",":
            if not _ended(parent, current, last=False):
                return False
            current, whole = None, False
        elif whole or token.kind == "open":
            return False
        elif token.text == "(":
            if current is None or not _arguments(left, current, ")", depth + 1):
                return False
            whole = True
        elif current is None:
            current = TypeName(token.text)
        else:
            current.label += current.name  # what stood before is a label
            current.name = token.text
    return closing == "" and _ended(parent, current, last=True)


def _ended(parent: TypeName, argument: TypeName | None, last: bool) -> bool:
    if argument is not None:
        parent.arguments.append(argument)
    return argument is not None or (last and not parent.arguments)
