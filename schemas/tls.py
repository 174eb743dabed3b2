"""TLS as the settings of a section describe it, ready for use; and secrets that are kept in files."""

import ssl
from functools import cached_property
from pathlib import Path

from msgspec import structs

from schemas.tls_settings import TlsSettings


class Unusable(ValueError):
    """A setting is missing or cannot be used; the message is one sentence that names it."""


class Tls:
    """The files of a section such as `log.tls`, checked and read once. Raises Unusable."""

    def __init__(self, section: str, settings: TlsSettings) -> None:
        self.section = section
        self._settings = settings = _expanded(settings)
        self.enabled = settings.enabled
        self.ca = settings.ca
        self.certificate = settings.certificate
        self.key = settings.key or settings.certificate
        self.key_password = secret(f"{section}.key_password", settings.key_password, settings.key_password_file)
        self._check()

    @cached_property
    def context(self) -> ssl.SSLContext:
        """Return the context of a client: it trusts the authorities that are set, and shows our certificate."""
        context = ssl.create_default_context()
        if self.ca:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            try:
                context.load_verify_locations(self.ca)
            except ssl.SSLError:
                raise Unusable(f"{self.section}.ca {self.ca} holds no certificate in PEM format") from None
        if self.certificate:
            load_certificate(context, self.section, self.certificate, self.key, self.key_password)
        return context

    def _check(self) -> None:
        settings, section = self._settings, self.section
        files = {name: getattr(settings, name) for name in ("ca", "certificate", "key") if getattr(settings, name)}
        if not settings.enabled:
            for name in files:
                raise Unusable(f"{section}.{name} is set, but TLS is off: set {section}.enabled to true")
            return
        if settings.key and not settings.certificate:
            raise Unusable(f"{section}.key is set, but no certificate: set {section}.certificate")
        for name, file in files.items():
            read_text(f"{section}.{name}", file)
        _ = self.context


def server_context(section: str, certificate: str, key: str) -> ssl.SSLContext:
    """Return the context of a server that has a certificate, and its key in the same file unless one is given."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    for name, file in (("certificate", certificate), ("key", key)):
        if file:
            read_text(f"{section}.{name}", file)
    certificate, key = str(Path(certificate).expanduser()), str(Path(key or certificate).expanduser())
    load_certificate(context, section, certificate, key, None)
    return context


def load_certificate(context: ssl.SSLContext, section: str, certificate: str, key: str, password: str | None) -> None:
    """Load a certificate with its key, files in PEM format; Unusable if they are none or do not belong together.

    The password is None where the section has no setting for one.
    """
    try:
        # A password of no letters: without one OpenSSL would ask for it on the terminal.
        context.load_cert_chain(certificate, key, lambda: password or "")
    except ssl.SSLError as error:
        raise Unusable(_unusable_key(error, section, certificate, key, takes_password=password is not None)) from None


def encrypted(key: str) -> bool:
    """Return whether a private key in PEM format has a password."""
    return "ENCRYPTED" in key


def secret(name: str, value: str, file: str) -> str:
    """Return a secret that is set, or what is in the file that is named for it; Unusable if that cannot be read."""
    if value or not file:
        return value
    found = read_text(f"{name}_file", file).rstrip("\r\n")
    if not found:
        raise Unusable(f"{name}_file {file} is empty: write the secret into it")
    return found


def variable(name: str) -> str:
    """Return the variable of the environment that sets a secret."""
    return "SERVICEMAP_" + name.replace(".", "__").upper()


def read_text(name: str, file: str) -> str:
    """Return what is in the file that a setting names; Unusable if it cannot be read."""
    try:
        return Path(file).expanduser().read_text()
    except OSError as error:
        raise Unusable(f"cannot read {name} {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unusable(f"{name} {file} is no text") from None


def _unusable_key(error: ssl.SSLError, section: str, certificate: str, key: str, *, takes_password: bool) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"the key {key} is not that of the certificate {certificate}: set {section}.key to the one that is"
    if encrypted(Path(key).read_text(errors="replace")):
        if not takes_password:
            return f"the key {key} has a password: give {section}.key a key without a password"
        password = f"{section}.key_password"
        return f"the key {key} cannot be decrypted: set {password}_file or {variable(password)}"
    return f"{section}.certificate {certificate} and {section}.key {key} are not a certificate and a key in PEM format"


def _expanded(settings: TlsSettings) -> TlsSettings:
    """Return the settings with ~ in the names of files replaced: libraries in C do not know it."""
    files = {name: getattr(settings, name) for name in ("ca", "certificate", "key")}
    return structs.replace(settings, **{name: str(Path(file).expanduser()) for name, file in files.items() if file})
