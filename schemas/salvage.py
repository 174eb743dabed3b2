"""A record of which some rows are not as declared: the others are kept.

They are looked for only where the record as a whole does not fit, so that what is well formed pays nothing for it.
"""

from collections.abc import Container
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from schemas.columns import Columns


def salvaged(kind: type[Struct], value: bytes) -> tuple[Any, list[str]]:
    """Return a record without the rows that its declaration does not admit, and what is wrong with each of these.

    ValidationError or DecodeError when something else is wrong with it.
    """
    decoded = msgspec.json.decode(value)
    wrong: list[str] = []
    if isinstance(decoded, dict):
        for name, declared in get_type_hints(kind, include_extras=True).items():
            given = decoded.get(name)
            if isinstance(declared, type) and issubclass(declared, Columns) and isinstance(given, dict):
                decoded[name] = _admitted(name, get_type_hints(declared, include_extras=True), given, wrong)
            elif isinstance(given, list):
                decoded[name] = _admitted("", {name: declared}, {name: given}, wrong)[name]
    return msgspec.convert(decoded, kind, str_keys=True), wrong


def _admitted(where: str, declared: dict[str, Any], given: dict[str, Any], wrong: list[str]) -> dict[str, Any]:
    """Return the rows of which every value is as declared; columns that do not fit together stay as they are."""
    columns = {name: column for name, column in given.items() if name in declared and column}
    if not all(isinstance(column, list) for column in columns.values()) or len(set(map(len, columns.values()))) != 1:
        return given
    bad: dict[int, str] = {}
    for name, column in columns.items():
        for row, value in enumerate(column):
            try:
                msgspec.convert([value], declared[name], str_keys=True)
            except msgspec.ValidationError as error:
                bad[row] = f"{where}{'.' * bool(where)}{name} of row {row}: {str(error).partition(' - at ')[0]}"
    wrong += [bad[row] for row in sorted(bad)]
    return given | {name: _without(column, bad) for name, column in columns.items()}


def _without(column: list[Any], bad: Container[int]) -> list[Any]:
    return [value for row, value in enumerate(column) if row not in bad]
