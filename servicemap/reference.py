"""`python -m servicemap.reference`: write the pages of docs/reference; here that of the configuration."""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

from servicemap import (
    reference_api,
    reference_architectures,
    reference_cli,
    reference_filters,
    reference_levels,
    reference_metrics,
    reference_permissions,
    reference_tables,
    reference_topics,
)
from servicemap.config import PREFIX, Config

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
PAGE = FOLDER / "configuration.md"
OF_THE_PAGE = Path(__file__).parent.parent / "view" / "page"
_HEAD = f"""# Configuration

Nothing has to be configured. Settings are read from these places, and later ones win: the defaults, a file (TOML or
JSON), the environment, the command line. The file is the one that `--config` names, else `SERVICEMAP_CONFIG`, else
`servicemap.toml` in the current directory, else `/etc/servicemap.toml`. The name in the environment is `{PREFIX}` and
the key, with `__` for the dot. A key that does not exist is an error. `servicemap config` shows every value with its
origin.

This page is generated from the code by `make golden`.
"""


def pages() -> dict[Path, str]:
    """Return the text of every reference page by its file."""
    return {
        PAGE: page(),
        FOLDER / "topics.md": reference_topics.page(),
        FOLDER / "tables.md": reference_tables.page(),
        FOLDER / "metrics.md": reference_metrics.page(),
        FOLDER / "filters.md": reference_filters.page(),
        FOLDER / "cli.md": reference_cli.page(),
        FOLDER / "permissions.md": reference_permissions.page(),
        FOLDER / "architectures.md": reference_architectures.page(),
        FOLDER / "api.md": reference_api.page(),
    }


def generated() -> dict[Path, str]:
    """Return the text of every file that is written: the pages, and what the live view knows of levels and filters."""
    return pages() | {
        OF_THE_PAGE / "levels.js": reference_levels.module(),
        OF_THE_PAGE / "filter_fields.js": reference_filters.module(),
    }


def page() -> str:
    """Return the reference of the configuration, in Markdown."""
    return "\n".join([_HEAD, *_section(Config, ())])


def _section(struct: type[Struct], path: tuple[str, ...], *, listed: bool = False) -> Iterator[str]:
    if path:
        yield f"## {'.'.join(path)}\n"
        yield f"{inspect.getdoc(struct)}\n"
    texts = field_texts(struct)
    inner = []
    for field in fields(struct):
        here = (*path, field.name)
        nested, many = nested_struct(field)
        if nested is None or many:
            yield from _entry(field, here, texts.get(field.name, ""), named=not listed)
        if nested is not None:
            inner.append((nested, (*path, f"{field.name}[]") if many else here, many))
    for one, at, many in inner:
        yield from _section(one, at, listed=many)


def _entry(field: FieldInfo, path: tuple[str, ...], text: str, *, named: bool) -> Iterator[str]:
    yield f"### `{'.'.join(path)}`\n"
    if text:
        yield f"{text}\n"
    default = _default(field)
    required = field.default is NODEFAULT and field.default_factory is NODEFAULT
    yield "* default: none, it must be given" if required else f"* default: `{json.dumps(default)}`"
    if named and not isinstance(default, list | tuple):  # a list cannot be given as one text
        yield f"* environment: `{PREFIX}{'__'.join(path).upper()}{'__NAME' if isinstance(default, dict) else ''}`"
    yield ""


def field_texts(struct: type[Struct]) -> dict[str, str]:
    """Return the docstring below each field: they are in the source alone."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(struct)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    texts = {}
    for before, after in pairwise(body):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr):
            texts[before.target.id] = inspect.cleandoc(ast.literal_eval(after.value))
    return texts


def nested_struct(field: FieldInfo) -> tuple[type[Struct] | None, bool]:
    """Return the struct that a field is, or is many of."""
    for kind in (field.type, *get_args(field.type)):
        if isinstance(kind, type) and issubclass(kind, Struct):
            return kind, kind is not field.type
    return None, False


def _default(field: FieldInfo) -> Any:
    if field.default is not NODEFAULT:
        return msgspec.to_builtins(field.default)
    return None if field.default_factory is NODEFAULT else msgspec.to_builtins(field.default_factory())


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file, text in generated().items():
        file.write_text(text)


if __name__ == "__main__":
    main()
