"""The note in a data directory that it holds a capture which was opened, and nothing of this machine."""

from pathlib import Path

import msgspec
from msgspec import Struct

NOTE = "capture.json"


class Opened(Struct, frozen=True, kw_only=True):
    """Which capture, by its checksum, and whether all of it is folded."""

    file: str
    sha256: str
    folded: bool = False


def opened(folder: Path) -> Opened | None:
    """Return what a data directory holds; None for one that is no capture's."""
    try:
        return msgspec.json.decode((folder / NOTE).read_bytes(), type=Opened)
    except (OSError, msgspec.DecodeError):
        return None


def note(folder: Path, what: Opened) -> None:
    """Note what a data directory holds."""
    fresh = folder / f"{NOTE}.new"
    fresh.write_bytes(msgspec.json.encode(what))
    fresh.replace(folder / NOTE)
