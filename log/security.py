"""The security of the links to Kafka, for the clients of the log (librdkafka) and of Faust (aiokafka)."""

import ssl
from typing import Any

from log.protocol import LogUnusable
from log.settings import Mechanism, SaslSettings
from log.tokens import Tokens
from schemas.tls import Tls, Unusable, secret, variable
from schemas.tls_settings import TlsSettings


class Security:
    """TLS and the login, ready for use; secrets are read from their files once.

    Raise LogUnusable, which names the setting, if something is missing or cannot be used. Raise LogUnavailable if there
    is no token.
    """

    def __init__(self, tls: TlsSettings | None = None, sasl: SaslSettings | None = None) -> None:
        sasl = sasl or SaslSettings()
        try:
            self.links = Tls("log.tls", tls or TlsSettings())
            self.password = secret("log.sasl.password", sasl.password, sasl.password_file)
        except Unusable as error:
            raise LogUnusable(str(error)) from None
        self.mechanism: Mechanism = sasl.mechanism
        self.username = sasl.username
        self.tokens = Tokens(sasl.token_command) if sasl.mechanism == "OAUTHBEARER" else None
        self._check_sasl(sasl)

    @property
    def context(self) -> ssl.SSLContext | None:
        """Return the TLS context for Python; None without TLS."""
        return self.links.context if self.links.enabled else None

    def librdkafka(self) -> dict[str, Any]:
        """Return the settings of a producer, consumer or admin client of librdkafka."""
        tls = self.links
        protocol = ("SASL_" if self.mechanism else "") + ("SSL" if tls.enabled else "PLAINTEXT")
        settings: dict[str, Any] = {"security.protocol": protocol}
        if tls.enabled and tls.ca:
            settings["ssl.ca.location"] = tls.ca
        if tls.enabled and tls.certificate:
            settings |= {"ssl.certificate.location": tls.certificate, "ssl.key.location": tls.key}
            settings |= {"ssl.key.password": tls.key_password} if tls.key_password else {}
        if self.mechanism:
            settings["sasl.mechanism"] = self.mechanism
        if self.tokens:
            settings["oauth_cb"] = self._token
        elif self.mechanism:
            settings |= {"sasl.username": self.username, "sasl.password": self.password}
        return settings

    def _token(self, _config: str) -> tuple[str, float]:
        assert self.tokens is not None
        token = self.tokens.get()
        return token.value, token.expires

    def _check_sasl(self, sasl: SaslSettings) -> None:
        if not sasl.mechanism:
            if sasl.username or self.password or sasl.token_command:
                raise LogUnusable("a login is set, but not how it is sent: set log.sasl.mechanism")
            return
        if self.tokens:
            if not sasl.token_command:
                raise LogUnusable("OAUTHBEARER needs a program that prints a token: set log.sasl.token_command")
            self.tokens.get()
        elif not sasl.username or not self.password:
            raise LogUnusable(
                f"{sasl.mechanism} needs a name and a password: set log.sasl.username, and log.sasl.password_file or"
                f" {variable('log.sasl.password')}"
            )
