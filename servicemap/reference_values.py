"""Types and comments of the code as reference pages show them: kinds of values, bounds, defaults."""

import io
import tokenize
from collections.abc import Mapping

from msgspec import NODEFAULT, json
from msgspec.inspect import (
    BoolType,
    FloatType,
    IntType,
    LiteralType,
    Metadata,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
)
from msgspec.structs import FieldInfo


def comments(source: str) -> dict[str, str]:
    """Return the comment behind each line of code, by the first word of the line."""
    found: dict[str, str] = {}
    first = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and first:
            found.setdefault(first, token.string.removeprefix("#").strip())
        elif token.type in (tokenize.NEWLINE, tokenize.NL):
            first = ""
        elif token.type in (tokenize.NAME, tokenize.STRING) and not first:
            first = token.string.strip('"')
    return found


def value(kind: Type, titles: Mapping[object, str]) -> str:
    """Name a type, and its bounds, as people do; structs and choices that have a title are links."""
    match kind:
        case Metadata():
            return value(kind.type, titles)
        case UnionType():
            return " or ".join(value(each, titles) for each in kind.types if not isinstance(each, NoneType))
        case VarTupleType():
            return f"list of {value(kind.item_type, titles)}"
        case StructType():
            return f"[{titles[kind.cls]}](#{anchor(titles[kind.cls])})"
        case LiteralType():
            title = titles.get(frozenset(kind.values))
            return f"[one of these](#{anchor(title)})" if title else ", ".join(f"`{each}`" for each in kind.values)
        case BoolType():
            return "true or false"
        case IntType():
            return _bounded("whole number", kind)
        case FloatType():
            return _bounded("number", kind)
        case StrType():
            return "text"
    raise TypeError(f"no name for {kind}")


def _bounded(name: str, kind: IntType | FloatType) -> str:
    if kind.le is not None:
        return f"{name}, {kind.ge:,} to {kind.le:,}"
    if kind.ge is not None:
        return f"{name}, {kind.ge:,} or more"
    return name if kind.gt is None else f"{name}, more than {kind.gt:,}"


def anchor(title: str) -> str:
    """Return how a page links to its heading."""
    return title.lower().replace(" ", "-")


def default(field: FieldInfo) -> str:
    """Return the default of a field."""
    if field.default is NODEFAULT:
        return "none, it must be given" if field.default_factory is NODEFAULT else ""
    return "" if field.default is None else f"`{json.encode(field.default).decode()}`"
