"""One thing that `doctor` looks at, and what it found."""

from typing import Literal

from msgspec import Struct

State = Literal["ok", "missing", "broken"]


class Check(Struct, frozen=True, omit_defaults=False):
    """`missing` is something less to be seen, `broken` something that keeps the map from being made."""

    name: str
    state: State
    found: str
    needs: str = ""
    fix: str = ""
