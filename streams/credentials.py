"""Translate the security settings of the log into Faust's credentials."""

import asyncio

from aiokafka.abc import AbstractTokenProvider  # type: ignore[import-untyped]
from faust.auth import Credentials, OAuthCredentials, SASLCredentials, SSLCredentials

from log.security import Security
from log.tokens import Tokens


class _Provider(AbstractTokenProvider):  # type: ignore[misc]
    """Gives aiokafka a token whenever it connects."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def token(self) -> str:
        """Return a valid token; a thread runs the program that prints it."""
        return (await asyncio.to_thread(self._tokens.get)).value


def credentials(security: Security) -> Credentials | None:
    """Return the credentials of a Faust app; None without encryption and login."""
    if security.tokens:
        return OAuthCredentials(oauth_cb=_Provider(security.tokens), ssl_context=security.context)
    if security.mechanism:
        return SASLCredentials(
            username=security.username,
            password=security.password,
            mechanism=security.mechanism,
            ssl_context=security.context,
        )
    return SSLCredentials(security.context) if security.context else None
