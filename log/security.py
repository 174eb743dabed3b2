"""How the links to Kafka are secured, for all that have one: our log's clients (librdkafka) and Faust's (aiokafka)."""

import ssl
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import structs

from log.protocol import LogUnusable
from log.settings import Mechanism, SaslSettings, TlsSettings
from log.tokens import Tokens


class Security:
    """TLS and the login, ready for use; secrets are read from their files once.

    Raises LogUnusable, which names the setting, if something is missing or cannot be used, and LogUnavailable if there
    is no token.
    """

    def __init__(self, tls: TlsSettings | None = None, sasl: SaslSettings | None = None) -> None:
        self._tls, sasl = _expanded(tls or TlsSettings()), sasl or SaslSettings()
        self.mechanism: Mechanism = sasl.mechanism
        self.username = sasl.username
        self.certificate = self._tls.certificate
        self._key_password = _secret("log.tls.key_password", self._tls.key_password, self._tls.key_password_file)
        self.password = _secret("log.sasl.password", sasl.password, sasl.password_file)
        self.tokens = Tokens(sasl.token_command) if sasl.mechanism == "OAUTHBEARER" else None
        self._check_tls()
        self._check_sasl(sasl)

    @property
    def tls(self) -> bool:
        """Whether links are encrypted."""
        return self._tls.enabled

    @cached_property
    def context(self) -> ssl.SSLContext | None:
        """The TLS context for Python; None without TLS."""
        tls = self._tls
        if not tls.enabled:
            return None
        context = ssl.create_default_context()
        if tls.ca:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            try:
                context.load_verify_locations(tls.ca)
            except ssl.SSLError:
                raise LogUnusable(f"log.tls.ca {tls.ca} holds no certificate in PEM format") from None
        if tls.certificate:
            try:
                # A password of no letters: without one OpenSSL would ask for it on the terminal.
                context.load_cert_chain(tls.certificate, self._key, lambda: self._key_password)
            except ssl.SSLError as error:
                raise LogUnusable(self._unusable_key(error)) from None
        return context

    def librdkafka(self) -> dict[str, Any]:
        """Return the settings of a producer, consumer or admin client of librdkafka."""
        tls = self._tls
        protocol = ("SASL_" if self.mechanism else "") + ("SSL" if tls.enabled else "PLAINTEXT")
        settings: dict[str, Any] = {"security.protocol": protocol}
        if tls.enabled and tls.ca:
            settings["ssl.ca.location"] = tls.ca
        if tls.enabled and tls.certificate:
            settings |= {"ssl.certificate.location": tls.certificate, "ssl.key.location": self._key}
            settings |= {"ssl.key.password": self._key_password} if self._key_password else {}
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

    @property
    def _key(self) -> str:
        return self._tls.key or self._tls.certificate

    def _check_tls(self) -> None:
        tls = self._tls
        if not tls.enabled:
            for name in ("ca", "certificate", "key"):
                if getattr(tls, name):
                    raise LogUnusable(f"log.tls.{name} is set, but TLS is off: set log.tls.enabled to true")
        if tls.key and not tls.certificate:
            raise LogUnusable("log.tls.key is set, but no certificate: set log.tls.certificate")
        for name in ("ca", "certificate", "key"):
            if file := getattr(tls, name):
                _read(f"log.tls.{name}", file)
        _ = self.context

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
                " SERVICEMAP_LOG__SASL__PASSWORD"
            )

    def _unusable_key(self, error: ssl.SSLError) -> str:
        certificate, key = self._tls.certificate, self._key
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"the key {key} is not that of the certificate {certificate}: set log.tls.key to the one that is"
        if "ENCRYPTED" in Path(key).read_text(errors="replace"):
            return (
                f"the key {key} cannot be decrypted: set log.tls.key_password_file or SERVICEMAP_LOG__TLS__KEY_PASSWORD"
            )
        return f"log.tls.certificate {certificate} and log.tls.key {key} are not a certificate and a key in PEM format"


def _expanded(tls: TlsSettings) -> TlsSettings:
    """Return the settings with ~ in the names of files replaced: librdkafka does not know it."""
    files = {name: getattr(tls, name) for name in ("ca", "certificate", "key")}
    return structs.replace(tls, **{name: str(Path(file).expanduser()) for name, file in files.items() if file})


def _secret(name: str, value: str, file: str) -> str:
    """Return a secret that is set, or what is in the file that is named for it."""
    if value or not file:
        return value
    found = _read(f"{name}_file", file).rstrip("\r\n")
    if not found:
        raise LogUnusable(f"{name}_file {file} is empty: write the secret into it")
    return found


def _read(name: str, file: str) -> str:
    try:
        return Path(file).expanduser().read_text()
    except OSError as error:
        raise LogUnusable(f"cannot read {name} {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise LogUnusable(f"{name} {file} is no text") from None
