"""Faults as people give them: in words, `kind@where:at+for*size`, or in a file.

slow@database:30s+1m*20     from 30 s on, for a minute, the database takes 20 times as long
kill@web:2m                 after two minutes all instances of web end, for good
partition@web > cache:1m    after a minute nothing passes between the two
"""

import re
from pathlib import Path
from typing import get_args

import msgspec
from msgspec import Struct

from schemas.matching import unknown
from simulation.decoding import of_field, toml_tables
from simulation.faults import Fault, Kind
from simulation.mistakes import Mistake

_TIME = r"(\d+(?:\.\d+)?)(ms|s|m|h|)"
_WORDS = re.compile(rf"([a-z]+)@(.+):{_TIME}(?:\+{_TIME})?(?:\*(\d+(?:\.\d+)?))?", re.DOTALL)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
_EXAMPLE = "give kind@where:at+for*size, such as slow@database:30s+1m*20, or a file"


class _File(Struct, forbid_unknown_fields=True):
    faults: tuple[Fault, ...]


def faults_of(given: str) -> tuple[Fault, ...]:
    """Return the fault that words name, or those of a TOML file; Mistake when it is neither."""
    if "@" in given and not Path(given).exists():
        return (_fault(given),)
    try:
        data = Path(given).read_bytes()
    except (OSError, ValueError) as error:
        raise Mistake(f"{given} is neither a fault nor a file that can be read ({error}): {_EXAMPLE}") from None
    try:
        return msgspec.convert(toml_tables(data, given), _File).faults
    except msgspec.ValidationError as error:
        raise Mistake(f"{given}: {of_field(error)}") from None


def _fault(given: str) -> Fault:
    found = _WORDS.fullmatch(given)
    if found is None:
        raise Mistake(f"{given} is no fault: {_EXAMPLE}")
    kind, where, at, at_unit, lasts, lasts_unit, size = found.groups()
    if kind not in get_args(Kind):
        raise Mistake(f"{given}: {unknown('kind of fault', kind, get_args(Kind))}")
    return Fault(
        kind=kind,  # type: ignore[arg-type]  # it is one of them
        where=where.strip(),
        at_s=float(at) * _SECONDS[at_unit],
        for_s=float(lasts) * _SECONDS[lasts_unit] if lasts else 0.0,
        size=float(size or 0),
    )
