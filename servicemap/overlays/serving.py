"""What the live view writes overlays with, and the token that this takes."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from answers.faults import BadRequest, NotThere
from log.protocol import LogError
from schemas.overlays import Annotation, OverlaySchema
from servicemap.captures.opened import opened
from servicemap.config import Config
from servicemap.options import Failure
from view.overlays import Unwritable, Writable

if TYPE_CHECKING:
    from servicemap.overlays.writing import Writing

TOKEN = "{part}.write-token"  # in the data directory, new at each start


class Served:
    """Writes into the log of a configuration, which is open for as long as that takes."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def register(self, overlay: str, schema: dict[str, Any], author: str) -> OverlaySchema:
        """Register an overlay, or give it another schema."""
        with self._writing() as writing:
            return writing.register(overlay, schema, author)

    def annotate(
        self, overlay: str, target: str, value: Any, author: str, valid_from: int, valid_to: int
    ) -> Annotation:
        """Say something of nodes or edges."""
        with self._writing() as writing:
            return writing.annotate(overlay, target, value, author, valid_from, valid_to)

    def end(self, overlay: str, target: str, at: int, *, ever: bool) -> list[Annotation]:
        """Let what is said of a target end."""
        with self._writing() as writing:
            return writing.end(overlay, target, at, ever=ever)

    @contextmanager
    def _writing(self) -> Iterator["Writing"]:
        from servicemap.overlays.checking import Refused  # most views never write
        from servicemap.overlays.saying import opened as saying
        from servicemap.overlays.writing import NotFound

        try:
            with saying(self._config) as writing:
                yield writing
        except NotFound as error:
            raise NotThere(str(error)) from None
        except Refused as error:
            raise BadRequest(str(error)) from None
        except LogError as error:
            raise Unwritable(str(error)) from None
        except Failure as error:
            raise Unwritable(error.format_message()) from None


def writable(config: Config, part: str, token: str) -> Writable | None:
    """Return what writes; None where no token is set and the data directory cannot keep one, and for a capture."""
    if opened(config.directory):  # nothing would store it
        return None
    if not token:
        token = secrets.token_urlsafe(24)
        kept = config.directory / TOKEN.format(part=part)
        fresh = kept.with_suffix(".new")
        try:
            fresh.touch(0o600)
            fresh.write_text(token)
            fresh.replace(kept)
        except OSError:
            return None
    return Writable(Served(config), token)
