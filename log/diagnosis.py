"""Explain why no Kafka broker can be used, in a sentence that names the setting to change.

When no broker answers, one connection is opened to find out (schemas/tls_probe.py).
"""

import re
import time

from confluent_kafka import KafkaError

from log.security import Security
from schemas.tls_probe import probe

PROBE_SECONDS = 2.0  # for all brokers together


def diagnose(brokers: str, security: Security, refusal: KafkaError | None, *, closing: bool) -> str:
    """Return the sentence; an empty one if the only problem is that no broker answers.

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
            f"the Kafka brokers at {brokers} do not support the login mechanism {security.mechanism};"
            f" set log.sasl.mechanism to one of {supported}"
        )
    if found:
        return (
            f"the Kafka brokers at {brokers} do not accept logins on this port; give the port of their SASL listener,"
            " or leave log.sasl.mechanism empty"
        )
    if security.tokens:
        return f"the Kafka brokers at {brokers} do not accept the token; check log.sasl.token_command"
    return (
        f"the Kafka brokers at {brokers} do not accept the login of {security.username}; check log.sasl.username and"
        " the password"
    )


def _probe(address: str, security: Security, seconds: float, *, closing: bool) -> str:
    """Return what is wrong with a broker; "" if it cannot be reached or nothing is found."""
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        return ""
    found = probe(host.strip("[]"), int(port), security.links, seconds, server="broker", option="--log")
    if found == "" and closing and not security.mechanism:
        return "closes the connection; set log.sasl.mechanism if it asks for a login"
    return found or ""
