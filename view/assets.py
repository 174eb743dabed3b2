"""The page's files: read on request, compressed once, and identified by their hash."""

import gzip
import hashlib
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parent / "page"
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".txt": "text/plain",
}
COMPRESSED = {".html", ".js", ".css", ".svg", ".txt"}


class Asset(NamedTuple):
    """A file as it is sent: its type, its hash, and its bytes, compressed where `compressed` is set."""

    kind: str
    etag: str
    body: bytes
    compressed: bool


class Assets:
    """The files below a folder, and no others."""

    def __init__(self, folder: Path = PAGE) -> None:
        self._folder = folder.resolve()
        self._known: dict[str, tuple[float, Asset]] = {}  # with the time of modification

    def find(self, name: str) -> Asset | None:
        """Return a file by its name below the folder; None without one."""
        try:
            path = (self._folder / name).resolve()
            if not path.is_relative_to(self._folder) or path.suffix not in TYPES or not path.is_file():
                return None
            changed = path.stat().st_mtime
            known = self._known.get(name)
            if known is None or known[0] != changed:
                known = self._known[name] = changed, _read(path)
        except (OSError, ValueError):  # ValueError: a zero byte in the name
            return None
        return known[1]


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    compress = path.suffix in COMPRESSED
    body = gzip.compress(content, mtime=0) if compress else content
    return Asset(TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:20]}"', body, compress)
