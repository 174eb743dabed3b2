"""Why a link with TLS, or without, does not come about: a phrase that names the setting to change.

Client libraries do not separate an expired certificate from one of an unknown authority, nor TLS from a server that
is away. So one connection is opened with Python's own TLS, which does.
"""

import socket
import ssl

from schemas.tls import Tls

_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED
_OTHER_NAME = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH
_UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21}  # no issuer, self-signed, or no first signature


def probe(host: str, port: int, tls: Tls, seconds: float, *, server: str, option: str) -> str | None:
    """Return what is wrong with the TLS of a server, empty when nothing is; None when it cannot be reached.

    `server` is what it is called, such as "broker", and `option` gives its address on a command line.
    """
    try:
        with socket.create_connection((host, port), seconds) as connection:
            if tls.enabled:
                return _with_tls(connection, host, tls, server, option)
            return _without_tls(connection, tls.section)
    except OSError:
        return None


def _with_tls(connection: socket.socket, host: str, tls: Tls, server: str, option: str) -> str:
    try:
        with tls.context.wrap_socket(connection, server_hostname=host) as secured:
            secured.recv(1)  # TLS 1.3: a server judges our certificate after the handshake
    except ssl.SSLCertVerificationError as error:
        return _certificate_of_server(host, error, tls.section, server, option)
    except TimeoutError:
        return ""  # the server waits for a request
    except (ssl.SSLError, ConnectionError) as error:
        if "ALERT" not in (getattr(error, "reason", "") or ""):
            return (
                f"speaks no TLS on this port; give the port of its TLS listener, or set {tls.section}.enabled to false"
            )
        if not tls.certificate:
            return f"asks for a certificate; set {tls.section}.certificate and {tls.section}.key"
        return (
            f"does not accept the certificate {tls.certificate}; renew it if it has expired, and check that the"
            f" {server} trusts its authority"
        )
    return ""


def _certificate_of_server(
    host: str, error: ssl.SSLCertVerificationError, section: str, server: str, option: str
) -> str:
    if error.verify_code == _EXPIRED:
        return f"has a certificate that has expired; renew it on the {server}"
    if error.verify_code in _OTHER_NAME:
        return f"has a certificate that is not valid for {host}; give {option} the name that is in the certificate"
    if error.verify_code in _UNKNOWN_AUTHORITY:
        return f"has a certificate of an unknown authority; set {section}.ca to the file of that authority"
    return f"has a certificate that cannot be trusted ({error.verify_message}); replace it on the {server}"


def _without_tls(connection: socket.socket, section: str) -> str:
    """Find out whether the port is one of TLS; whose it is does not matter, since nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with context.wrap_socket(connection):
            return f"speaks TLS on this port; set {section}.enabled to true"
    except (ssl.SSLError, OSError):
        return ""
