"""Who may connect: `default`, who only reads, and the writer `servicemap`. Of their passwords only digests are kept."""

import hashlib
import hmac
from dataclasses import dataclass, replace

from sinks.embedded.engine import EngineError

WRITER = "servicemap"
READER = "default"


@dataclass(frozen=True)
class User:
    """A name, and whether it may change anything."""

    name: str
    reads_only: bool
    owner: bool = False  # of the store: has places and turns of its own


class Users:
    """The two users of a store."""

    def __init__(self, token: str, password: str) -> None:
        """Take the password of the writer and that of readers, who may have none."""
        self.open = not password  # for everybody
        self._writer = _digest(token)
        self._users = {
            READER: (User(READER, reads_only=True), _digest(password)),
            WRITER: (User(WRITER, reads_only=False), self._writer),
        }

    def login(self, name: str, password: str) -> User:
        """Give the user, or raise ClickHouse's AUTHENTICATION_FAILED (516)."""
        user, digest = self._users.get(name or READER, (None, b""))
        given = _digest(password)
        if user and user.reads_only and hmac.compare_digest(given, self._writer):
            return replace(user, owner=True)  # who can read the token file reads as any reader, but need not queue
        if user is None or not hmac.compare_digest(given, digest):
            raise EngineError(
                516,
                f"DB::Exception: {name}: Authentication failed: password is incorrect, or there "
                "is no user with such name. (AUTHENTICATION_FAILED)",
            )
        return user


def _digest(password: str) -> bytes:
    return hashlib.sha256(password.encode("utf-8", "surrogateescape")).digest()
