"""Links to Kafka with TLS and a login, and the sentence for each failure."""

import re
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from log.kafka import KafkaLog
from log.open import open_log
from log.protocol import Log, LogError, LogUnavailable, Reader
from log.security import Security
from log.settings import LogSettings, SaslSettings
from schemas.tls_settings import TlsSettings
from schemas.topics import PROCESSES
from tests.secure_kafka import DENIED, GUEST, MECHANISMS, PASSWORD, USER, Secure, secure_kafka, token_program

pytestmark = pytest.mark.slow

PROCESSES_ALONE = replace(PROCESSES, partitions=1)


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    with secure_kafka(tmp_path_factory.mktemp("secure")) as found:
        yield found


def passes(log: Log) -> None:
    """Use all of a log's clients: producer, admin, consumers with and without a group."""
    log.create([PROCESSES_ALONE])
    log.append(PROCESSES.name, b"key", b"value")
    log.flush()
    end = log.bounds(PROCESSES.name, 0).end
    assert [record.value for record in log.read(PROCESSES.name, 0, end - 1, end)] == [b"value"]
    with closing(log.reader([PROCESSES.name], "secure")) as reader:
        until = time.monotonic() + 30
        while not reader.poll(0.5, 100):
            assert time.monotonic() < until
        reader.commit()
    assert log.committed("secure", PROCESSES.name, 0) is not None


def sasl(mechanism: Any, password: str = PASSWORD) -> SaslSettings:
    if mechanism == "OAUTHBEARER":
        return SaslSettings(mechanism=mechanism, token_command=token_program())
    return SaslSettings(mechanism=mechanism, username=USER, password=password)


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("listener", ["LOGIN", "OPENLOGIN"])
def test_every_login_works_with_and_without_tls(secure: Secure, listener: str, mechanism: str) -> None:
    tls = TlsSettings(enabled=listener == "LOGIN", ca=secure.file("ca.pem") if listener == "LOGIN" else "")
    with closing(open_log(LogSettings(url=secure.url(listener), tls=tls, sasl=sasl(mechanism)))) as log:
        passes(log)


@pytest.mark.parametrize(
    ("listener", "files"),
    [
        ("TLS", {}),
        ("MUTUAL", {"certificate": "client.pem", "key": "client.key"}),
        ("MUTUAL", {"certificate": "client.both"}),
        ("MUTUAL", {"certificate": "client.pem", "key": "client.locked", "key_password_file": "client.password"}),
    ],
    ids=["server certificate", "two files", "one file", "key with a password"],
)
def test_certificates_work(secure: Secure, listener: str, files: dict[str, str]) -> None:
    named = {name: secure.file(file) for name, file in files.items()}
    tls = TlsSettings(enabled=True, ca=secure.file("ca.pem"), **named)
    with closing(open_log(LogSettings(url=secure.url(listener), tls=tls))) as log:
        passes(log)


TRUSTED = {"ca": "ca.pem"}
FAILURES: dict[str, tuple[str, dict[str, str] | None, SaslSettings, str]] = {
    "plaintext to a TLS port": (
        "TLS", None, SaslSettings(), "the Kafka broker at {at} speaks TLS on this port; set log.tls.enabled to true",
    ),
    "TLS to a plaintext port": (
        "PLAINTEXT", TRUSTED, SaslSettings(),
        "the Kafka broker at {at} speaks no TLS on this port; give the port of its TLS listener, or set"
        " log.tls.enabled to false",
    ),
    "unknown authority": (
        "TLS", {"ca": "stranger.pem"}, SaslSettings(),
        "the Kafka broker at {at} has a certificate of an unknown authority; set log.tls.ca to the file of that"
        " authority",
    ),
    "authority not of the system": (
        "TLS", {}, SaslSettings(),
        "the Kafka broker at {at} has a certificate of an unknown authority; set log.tls.ca to the file of that"
        " authority",
    ),
    "expired certificate of the broker": (
        "EXPIRED", TRUSTED, SaslSettings(),
        "the Kafka broker at {at} has a certificate that has expired; renew it on the broker",
    ),
    "certificate of another broker": (
        "OTHER", TRUSTED, SaslSettings(),
        "the Kafka broker at {at} has a certificate that is not valid for 127.0.0.1; give --log the name that is in"
        " the certificate",
    ),
    "no certificate": (
        "MUTUAL", TRUSTED, SaslSettings(),
        "the Kafka broker at {at} asks for a certificate; set log.tls.certificate and log.tls.key",
    ),
    "expired certificate": (
        "MUTUAL", TRUSTED | {"certificate": "expired-client.both"}, SaslSettings(),
        "the Kafka broker at {at} does not accept the certificate {folder}/expired-client.both; renew it if it has"
        " expired, and check that the broker trusts its authority",
    ),
    "wrong certificate": (
        "MUTUAL", TRUSTED | {"certificate": "stranger-client.both"}, SaslSettings(),
        "the Kafka broker at {at} does not accept the certificate {folder}/stranger-client.both; renew it if it has"
        " expired, and check that the broker trusts its authority",
    ),
    **{
        f"wrong password, {mechanism}": (
            "LOGIN", TRUSTED, sasl(mechanism, "no"),
            f"the Kafka brokers at {{at}} do not accept the login of {USER}; check log.sasl.username and the password",
        )
        for mechanism in MECHANISMS[:3]
    },
    "wrong token": (
        "LOGIN", TRUSTED, SaslSettings(mechanism="OAUTHBEARER", token_command=token_program("wrong")),
        "the Kafka brokers at {at} do not accept the token; check log.sasl.token_command",
    ),
    "login where none is asked for": (
        "TLS", TRUSTED, sasl("PLAIN"),
        "the Kafka brokers at {at} do not accept logins on this port; give the port of their SASL listener, or leave"
        " log.sasl.mechanism empty",
    ),
    "no login where one is asked for": (
        "LOGIN", TRUSTED, SaslSettings(),
        "the Kafka broker at {at} closes the connection; set log.sasl.mechanism if it asks for a login",
    ),
    "mechanism that the broker lacks": (
        "SCRAMONLY", None, sasl("PLAIN"),
        "the Kafka brokers at {at} do not support the login mechanism PLAIN; set log.sasl.mechanism to one of"
        " SCRAM-SHA-512",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_is_one_sentence_in_time(
    secure: Secure, name: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    listener, files, login, expected = FAILURES[name]
    named = {kind: secure.file(file) for kind, file in (files or {}).items()}
    settings = LogSettings(url=secure.url(listener), tls=TlsSettings(enabled=files is not None, **named), sasl=login)
    begun = time.monotonic()

    with pytest.raises(LogError) as caught:
        open_log(settings)

    assert str(caught.value) == expected.format(at=settings.brokers, folder=secure.folder)
    assert time.monotonic() - begun < 13
    assert capfd.readouterr().err == ""
    assert not caplog.records


@pytest.fixture
def limited(secure: Secure) -> Iterator[Log]:
    """Return the log of a user who may only see a topic and a group."""
    login = SaslSettings(mechanism="PLAIN", username=GUEST, password="guest")
    log = open_log(LogSettings(url=secure.url("OPENLOGIN"), sasl=login))
    yield log
    with suppress(LogError):
        log.close()


def test_a_missing_right_is_one_sentence(limited: Log, secure: Secure) -> None:
    limited.append(DENIED, b"key", b"value")
    with pytest.raises(LogUnavailable) as writing:
        limited.flush()
    with closing(limited.reader([DENIED], None)) as reader, pytest.raises(LogUnavailable) as reading:
        poll(reader)
    with closing(limited.reader([DENIED], DENIED)) as reader, pytest.raises(LogUnavailable) as sharing:
        poll(reader)

    at = secure.url("OPENLOGIN").removeprefix("kafka://")
    for denied, what in ((writing, "Topic"), (reading, "Topic"), (sharing, "Group")):
        sentence = (
            rf"the Kafka brokers at {at} deny guest a right \(.*Broker: {what} authorization failed\); grant it there"
        )
        assert re.fullmatch(sentence, str(denied.value))


def poll(reader: Reader) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        assert reader.poll(0.5, 10) == []


def test_the_log_continues_after_a_time_without_tokens(secure: Secure, tmp_path: Path) -> None:
    failing = tmp_path / "failing"
    security = Security(sasl=SaslSettings(mechanism="OAUTHBEARER", token_command=token_program(unless=str(failing))))
    with closing(KafkaLog(secure.url("OPENLOGIN").removeprefix("kafka://"), security)) as log:
        log.create([PROCESSES_ALONE])
        assert security.tokens
        security.tokens.expire()
        failing.touch()
        with pytest.raises(LogUnavailable, match=r"^log\.sasl\.token_command .* failed with code 1: run it by hand$"):
            log.reader([PROCESSES.name], None)
        failing.unlink()
        passes(log)
