"""The settings of TLS on the links to a service; each service has a section of its own."""

from msgspec import Struct


class TlsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TLS on the links to a service."""

    enabled: bool = False
    """Whether links are encrypted and servers have to prove their names."""
    ca: str = ""
    """File (PEM) with the authorities that may sign the servers' certificates; empty: those of the system."""
    certificate: str = ""
    """File (PEM) with our own certificate and its chain, where servers ask for one (mutual TLS)."""
    key: str = ""
    """File (PEM) with the private key of `certificate`; empty: it is in the same file."""
    key_password: str = ""
    """Password of the private key."""
    key_password_file: str = ""
    """A file with that password, in place of `key_password`."""
