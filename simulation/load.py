"""Find an architecture by its name or its file, and read it by what is in it."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from schemas.matching import either, near
from simulation import compose, native, spigo
from simulation.architecture import Architecture
from simulation.decoding import MOST_BYTES, decoded, toml_tables
from simulation.mistakes import Mistake
from simulation.scaling import scaled
from simulation.yaml_tables import yaml_tables

_EXAMPLES = files("simulation") / "examples"
_SUFFIX = ".toml"
_KEY_OF_YAML = re.compile(rb"^services[ \t]*:", re.MULTILINE)  # nothing in TOML begins so


def load(name_or_path: str, percent: int = 100, regions: int = 1) -> Architecture:
    """Return an example by its name, or the architecture in a file: of Spigo, Compose, or the native format.

    `percent` is how many of its instances there are in each region, and `regions` how many times its regions. Mistake
    when there is no such example or file, or it is none.
    """
    data = _data(name_or_path)
    return scaled(read(data, name_or_path), percent, regions)


def examples() -> list[str]:
    """Return the names of the examples."""
    return sorted(each.name.removesuffix(_SUFFIX) for each in _EXAMPLES.iterdir() if each.name.endswith(_SUFFIX))


def read(data: bytes, name: str) -> Architecture:
    """Return the architecture in the bytes of a file."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        found = decoded(dict[str, Any], data, name)
        if "arch" in found:
            return spigo.read(data, name)
    elif name.casefold().endswith((".yml", ".yaml")) or _KEY_OF_YAML.search(data):
        found = yaml_tables(data, name)
    else:
        found = toml_tables(data, name)
    return compose.of_tables(found, name) if _of_compose(found) else native.of_tables(found, name)


def _of_compose(tables: Any) -> bool:
    """Return whether tables are of Compose: its services are a table by their names, and those of others a list."""
    return isinstance(tables, dict) and isinstance(tables.get("services"), dict)


def _data(name_or_path: str) -> bytes:
    if name_or_path in examples():
        return (_EXAMPLES / f"{name_or_path}{_SUFFIX}").read_bytes()
    path = Path(name_or_path)
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)  # one more is refused: a device may have no end
    except FileNotFoundError:
        known = examples()
        close = near(name_or_path, known)
        hint = f"did you mean {either(close)}?" if close else "give a file, or one of these"
        raise Mistake(f"there is no file and no example {name_or_path}: {hint}; examples: {', '.join(known)}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Mistake(f"{name_or_path} cannot be read: {reason}; give a file that can") from None
