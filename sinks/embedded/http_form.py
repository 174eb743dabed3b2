"""Bodies of `multipart/form-data`: fields are values as those of the URL, files are tables for the query."""

import re
from dataclasses import dataclass, field

from sinks.embedded.engine import EngineError

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.I)
_NAME = re.compile(r'\bname="([^"]*)"', re.I)
_FILE = re.compile(r"\bfilename\*?=", re.I)
_MAX_PARTS = 1000


@dataclass(frozen=True)
class Form:
    """What a form brought: the texts of its fields, and the bytes of its files by their name."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def boundary_of(content_type: str) -> str | None:
    """Return what stands between the parts of a form; None for a body of another type."""
    if not content_type.lower().startswith("multipart/form-data"):
        return None
    found = _BOUNDARY.search(content_type)
    if not found:
        raise _broken()
    return found[1] or found[2]


def read_form(body: bytes, boundary: str) -> Form:
    """Split a body (RFC 7578); raises EngineError when it is not one, or has a thousand parts."""
    mark = b"--" + boundary.encode("latin-1", "replace")
    parts = (b"\r\n" + body).split(b"\r\n" + mark, _MAX_PARTS)
    if len(parts) < 2 or not parts[-1].startswith(b"--"):
        raise _broken()
    form = Form()
    for part in parts[1:-1]:
        head, found, data = part.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace").split("\r\n")
        about = next((line for line in lines if line.lower().startswith("content-disposition:")), "")
        name = _NAME.search(about)
        if not found or not name:
            raise _broken()
        if _FILE.search(about):
            form.files[name[1]] = data
        else:
            form.fields[name[1]] = data.decode("utf-8", "surrogateescape")
    return form


def _broken() -> EngineError:
    return EngineError(
        27, "DB::Exception: The multipart/form-data body is broken. (CANNOT_PARSE_INPUT_ASSERTION_FAILED)"
    )
