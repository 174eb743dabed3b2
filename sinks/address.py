"""Where a store is, who asks it, and how the link is secured."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from sinks.cluster import ONE_SERVER, Cluster

if TYPE_CHECKING:  # few links have it, and loading it takes memory
    from schemas.tls import Tls

PORT, TLS_PORT = 9000, 9440  # of the native protocol
_LIKE = "clickhouse://user:password@host:9000/servicemap"


class Address(NamedTuple):
    """Where a store is: clickhouse://[user[:password]@]host[:port][/database]; `token` is a file with the password."""

    host: str
    port: int
    user: str
    password: str
    database: str
    token: Path | None = None
    tls: "Tls | None" = None
    cluster: Cluster = ONE_SERVER

    @classmethod
    def parse(cls, url: str, tls: "Tls | None" = None) -> "Address":
        """Read an address; ValueError with a sentence when it is none."""
        try:
            parts = urlsplit(url)
            port = parts.port or (TLS_PORT if tls else PORT)
        except ValueError as error:
            raise ValueError(f"{url} is not a store ({error}); give --store {_LIKE}") from None
        if parts.scheme == "clickhouses":
            raise ValueError("clickhouses:// is not how TLS is chosen; give clickhouse://, and set store.tls.enabled")
        if parts.scheme != "clickhouse" or not parts.hostname:
            raise ValueError(f"{url} is not a store; give --store {_LIKE}")
        user, password = unquote(parts.username or "default"), unquote(parts.password or "")
        return cls(parts.hostname, port, user, password, parts.path.strip("/") or "servicemap", tls=tls)

    @property
    def place(self) -> str:
        """Return where it listens, for people."""
        return f"{self.host}:{self.port}"

    def secret(self) -> str:
        """Return the password; a store that was restarted may have a new one."""
        return self.token.read_text().strip() if self.token else self.password
