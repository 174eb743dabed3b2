"""Who may connect: `default`, without a password and read only, and the writer `servicemap`."""

import hmac
import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from sinks.embedded.engine import EngineError

WRITER = "servicemap"
READER = "default"


@dataclass(frozen=True)
class User:
    """A name, its password, and whether it may change anything."""

    name: str
    password: str
    reads_only: bool
    forbidden: frozenset[str]  # functions no reader may call
    owner: bool = False  # of the store: has places and turns of its own


class Users:
    """The two users of a store. The writer's password is made here, anew for every start."""

    def __init__(self, token_file: Path, forbidden: frozenset[str]) -> None:
        """Write a fresh token to `token_file`, readable by its owner only."""
        token = secrets.token_urlsafe(24)
        fresh = token_file.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(token)
        fresh.replace(token_file)  # a reader of the file never sees half a token
        self._users = {
            READER: User(READER, "", reads_only=True, forbidden=forbidden),
            WRITER: User(WRITER, token, reads_only=False, forbidden=forbidden),
        }

    def login(self, name: str, password: str) -> User:
        """Give the user, or raise ClickHouse's AUTHENTICATION_FAILED (516)."""
        user = self._users.get(name or READER)
        given = password.encode("utf-8", "surrogateescape")
        if user and user.reads_only and hmac.compare_digest(given, self._users[WRITER].password.encode()):
            return replace(user, owner=True)  # who can read the token file reads as any reader, but need not queue
        if user is None or not hmac.compare_digest(given, user.password.encode()):
            raise EngineError(
                516,
                f"DB::Exception: {name}: Authentication failed: password is incorrect, or there "
                "is no user with such name. (AUTHENTICATION_FAILED)",
            )
        return user
