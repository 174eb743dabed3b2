"""Why no Kafka broker can be used: a sentence that names the setting to change.

librdkafka does not tell an expired certificate from one of an unknown authority, nor TLS from a broker that is away. So
when no broker answers, one connection is opened with Python's own TLS, which does.
"""

import re
import socket
import ssl
import time

from confluent_kafka import KafkaError

from log.security import Security

PROBE_SECONDS = 2.0  # for all brokers together

_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED
_OTHER_NAME = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH
_UNKNOWN_AUTHORITY = {2, 18, 19, 20, 21}  # no issuer, self-signed, or no first signature


def diagnose(brokers: str, security: Security, refusal: KafkaError | None, *, closing: bool) -> str:
    """Return the sentence; empty when nothing is wrong but that no broker answers.

    `refusal` is the last login that failed; `closing`: all connections broke, which may have other reasons too.
    """
    if refusal is not None:
        return _login(brokers, security, refusal.str())
    deadline = time.monotonic() + PROBE_SECONDS
    for address in brokers.split(","):
        left = deadline - time.monotonic()
        if left > 0 and (found := _probe(address, security, left, closing=closing)):
            return f"the Kafka broker at {address} {found}"
    return ""


def _login(brokers: str, security: Security, text: str) -> str:
    found = re.search(r"broker's supported mechanisms: (\S*)", text)
    if found and found[1]:
        supported = found[1].replace(",", ", ")
        return (
            f"the Kafka brokers at {brokers} take no login by {security.mechanism}; set log.sasl.mechanism to one of"
            f" {supported}"
        )
    if found:
        return (
            f"the Kafka brokers at {brokers} take no login on this port; give the port of their SASL listener, or leave"
            " log.sasl.mechanism empty"
        )
    if security.tokens:
        return f"the Kafka brokers at {brokers} do not accept the token; check log.sasl.token_command"
    return (
        f"the Kafka brokers at {brokers} do not accept the login of {security.username}; check log.sasl.username and"
        " the password"
    )


def _probe(address: str, security: Security, seconds: float, *, closing: bool) -> str:
    """Return what is wrong with a broker; nothing when it cannot be reached, or nothing is found."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        with socket.create_connection((host, int(port)), seconds) as connection:
            found = _with_tls(connection, host, security) if security.context else _without_tls(connection)
    except (OSError, ValueError):
        return ""
    if not found and closing and not security.mechanism:
        return "closes the connection; set log.sasl.mechanism if it asks for a login"
    return found


def _with_tls(connection: socket.socket, host: str, security: Security) -> str:
    assert security.context is not None
    try:
        with security.context.wrap_socket(connection, server_hostname=host) as secured:
            secured.recv(1)  # TLS 1.3: a broker judges our certificate after the handshake
    except ssl.SSLCertVerificationError as error:
        return _broker_certificate(host, error)
    except TimeoutError:
        return ""  # the broker waits for a request
    except (ssl.SSLError, ConnectionError) as error:
        if "ALERT" not in (getattr(error, "reason", "") or ""):
            return "speaks no TLS on this port; give the port of its TLS listener, or set log.tls.enabled to false"
        if not security.certificate:
            return "asks for a certificate; set log.tls.certificate and log.tls.key"
        return (
            f"does not accept the certificate {security.certificate}; renew it if it has expired, and check that the"
            " broker trusts its authority"
        )
    return ""


def _broker_certificate(host: str, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code == _EXPIRED:
        return "has a certificate that has expired; renew it on the broker"
    if error.verify_code in _OTHER_NAME:
        return f"has a certificate that is not valid for {host}; give --log the name that is in the certificate"
    if error.verify_code in _UNKNOWN_AUTHORITY:
        return "has a certificate of an unknown authority; set log.tls.ca to the file of that authority"
    return f"has a certificate that cannot be trusted ({error.verify_message}); replace it on the broker"


def _without_tls(connection: socket.socket) -> str:
    """Find out whether the port is one of TLS; whose it is does not matter, since nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with context.wrap_socket(connection):
            return "speaks TLS on this port; set log.tls.enabled to true"
    except (ssl.SSLError, OSError):
        return ""
