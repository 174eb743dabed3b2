"""Why a ClickHouse cannot be used: a sentence that names the setting to change."""

from sinks.address import Address

LOGIN_REFUSED = {192, 193, 194, 516}  # no such user, wrong or no password, or any of these
UNKNOWN_DATABASE = 81
PROBE_SECONDS = 2.0


def link_fault(address: Address, port: int | None = None) -> str:
    """Return what is wrong with the TLS of a link that did not come about; empty when nothing is found.

    `port` is another one than that of the native protocol.
    """
    from schemas.tls import Tls  # not loaded while all is well
    from schemas.tls_probe import probe
    from schemas.tls_settings import TlsSettings

    tls, port = address.tls or Tls("store.tls", TlsSettings()), port or address.port
    found = probe(address.host, port, tls, PROBE_SECONDS, server="server", option="--store")
    return f"the ClickHouse at {address.host}:{port} {found}" if found else ""


def login_refused(address: Address) -> str:
    """Return the sentence for a user whom the server does not let in."""
    return (
        f"the ClickHouse at {address.host} does not accept the login of {address.user}; check the user in --store, and"
        " the password"
    )


def lacks_database(address: Address, code: int, message: str) -> str:
    """Return the sentence for a server without the database of an address; empty when it refuses for another reason."""
    if code != UNKNOWN_DATABASE or f" {address.database} " not in message:
        return ""
    return (
        f"the ClickHouse at {address.host} has no database {address.database}: `servicemap up` or the sink makes it"
        " when it starts"
    )
