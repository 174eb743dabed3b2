"""Certificates made on the spot: those that servers and clients trust, and those that they must not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

HOST = "127.0.0.1"
_LONG_AGO = datetime.now(UTC) - timedelta(days=400)


def certify(folder: Path) -> None:
    """Make an authority, certificates of servers and clients, and an authority that nobody knows."""
    ours, theirs = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(str(folder / "ca.pem"))
    theirs.cert_pem.write_to_path(str(folder / "stranger.pem"))

    def expired(name: str) -> trustme.LeafCert:
        return ours.issue_cert(name, not_before=_LONG_AGO, not_after=_LONG_AGO + timedelta(days=30))

    issued = {
        "server": ours.issue_cert(HOST),
        "expired-server": expired(HOST),
        "other-server": ours.issue_cert("other.example"),
        "client": ours.issue_cert("agent.example"),
        "expired-client": expired("agent.example"),
        "stranger-client": theirs.issue_cert("agent.example"),
    }
    for name, made in issued.items():
        made.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        for number, each in enumerate(made.cert_chain_pems):
            each.write_to_path(str(folder / f"{name}.pem"), append=number > 0)
        chain = (folder / f"{name}.pem").read_bytes()
        (folder / f"{name}.both").write_bytes(pkcs8(made.private_key_pem.bytes()) + chain)
    (folder / "client.locked").write_bytes(pkcs8(issued["client"].private_key_pem.bytes(), b"locked"))
    (folder / "client.password").write_text("locked\n")


def pkcs8(key: bytes, password: bytes = b"") -> bytes:
    """Return a private key in the only format that Kafka reads, and with a password where one is given."""
    hidden = BestAvailableEncryption(password) if password else NoEncryption()
    return load_pem_private_key(key, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden)
