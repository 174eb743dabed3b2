"""What is wrong with settings: all of it at once, with the name, the value, where it stands and what is allowed."""

from collections.abc import Callable
from typing import Any, NamedTuple, get_args

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.inspect import (
    BoolType,
    DictType,
    IntType,
    LiteralType,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
)
from msgspec.structs import fields

from schemas.matching import either, near
from schemas.text import cut, shown

Path = tuple[str | int, ...]

SECRETS = {
    "view.token",
    "view.write_token",
    "store.password",
    "store.reader_password",
    "store.tls.key_password",
    "log.sasl.password",
    "log.tls.key_password",
}
MOST_LETTERS = 80  # of a value
_WRONG = object()


class Fault(NamedTuple):
    """A setting that cannot be, and where it stands."""

    path: Path
    reason: str
    origin: str

    @property
    def sentence(self) -> str:
        """Return what is wrong."""
        where = f" ({self.origin})" if self.origin else ""
        return f"{key(self.path)}{where}: {self.reason}" if self.path else self.reason


def key(path: Path) -> str:
    """Write the name of a setting: collectors.local_interfaces[0]."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step)}" for step in path).removeprefix(".")


class Judge:
    """Judges a tree of settings by the types that are declared; `origin` returns where a setting stands."""

    def __init__(self, origin: Callable[[Path], str]) -> None:
        self.faults: list[Fault] = []
        self._origin = origin

    def judge(self, kind: Any, value: Any, path: Path = ()) -> Any:
        """Return a value without what is wrong in it, which is noted."""
        info = msgspec.inspect.type_info(kind)
        if isinstance(info, StructType):
            return self._struct(info.cls, value, path)
        if isinstance(info, VarTupleType) and isinstance(value, list | tuple):
            item = get_args(kind)[0]
            judged = [self.judge(item, each, (*path, at)) for at, each in enumerate(value)]
            return [each for each in judged if each is not _WRONG]
        if isinstance(info, DictType) and isinstance(value, dict):
            item = get_args(kind)[1]
            found = {name: self.judge(item, each, (*path, name)) for name, each in value.items()}
            return {name: each for name, each in found.items() if each is not _WRONG}
        try:
            msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError:
            written = "***" if key(path) in SECRETS else _written(value)
            return self._wrong(path, f"{written} is not allowed; give {allowed(info)}")
        return value

    def _struct(self, kind: type[Struct], value: Any, path: Path) -> Any:
        if not isinstance(value, dict):
            return self._wrong(path, f"{_written(value)} is not allowed; give a table of settings")
        known = {field.name: field for field in fields(kind)}
        for name in value.keys() - known.keys():
            close = near(name, known)
            hint = f"did you mean {either(close)}?" if close else f"there are {', '.join(known)}"
            self._wrong((*path, name), f"there is no such setting; {hint}")
        judged = {
            name: self.judge(known[name].type, each, (*path, name)) for name, each in value.items() if name in known
        }
        kept = {name: each for name, each in judged.items() if each is not _WRONG}
        for name, field in known.items():
            if field.default is NODEFAULT and field.default_factory is NODEFAULT and name not in kept:
                return _WRONG if name in value else self._wrong((*path, name), "it has to be given")
        try:
            msgspec.convert(kept, kind, strict=False)
        except msgspec.ValidationError as error:  # of several settings together
            self._wrong(path, str(error).partition(" - at `")[0])
            return {}
        return kept

    def _wrong(self, path: Path, reason: str) -> Any:
        self.faults.append(Fault(path, reason, self._origin(path)))
        return _WRONG


def allowed(info: Type) -> str:
    """Describe the values that a setting of a type may have."""
    if isinstance(info, UnionType):
        return " or ".join(allowed(each) for each in info.types if not isinstance(each, NoneType))
    if isinstance(info, BoolType):
        return "true or false"
    if isinstance(info, IntType):
        if info.ge is not None and info.le is not None:
            return f"a whole number from {info.ge:,} to {info.le:,}"
        return f"a whole number of {info.ge:,} or more" if info.ge is not None else "a whole number"
    if isinstance(info, LiteralType):
        return either([str(value) for value in info.values if value])
    if isinstance(info, StrType):
        return f"a text that matches {info.pattern}" if info.pattern else "a text"
    return "a list" if isinstance(info, VarTupleType) else "a table" if isinstance(info, DictType) else "another value"


def _written(value: Any) -> str:
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError):
        text = repr(value)
    text = shown(text)
    return text if len(text) <= MOST_LETTERS else f"{cut(text, MOST_LETTERS)}…"
