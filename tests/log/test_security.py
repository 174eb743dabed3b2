"""Settings of TLS and of the login become those of the clients; each unusable one has a sentence."""

import sys
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from log.open import open_log
from log.protocol import LogError, LogUnusable
from log.security import Security
from log.settings import SaslSettings
from log.tokens import Tokens
from schemas.tls_settings import TlsSettings
from tests.certificates import certify

LOGIN = SaslSettings(mechanism="PLAIN", username="agent", password="secret")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    certify(folder)
    (folder / "empty").touch()
    (folder / "text").write_text("no certificate")
    (folder / "bytes").write_bytes(b"\xff\xfe")
    return folder


@pytest.mark.parametrize(
    ("tls", "sasl", "expected"),
    [
        (TlsSettings(), SaslSettings(), {"security.protocol": "PLAINTEXT"}),
        (TlsSettings(enabled=True), SaslSettings(), {"security.protocol": "SSL"}),
        (
            TlsSettings(),
            LOGIN,
            {
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "PLAIN",
                "sasl.username": "agent",
                "sasl.password": "secret",
            },
        ),
        (
            TlsSettings(enabled=True, certificate="client.both"),
            LOGIN,
            {
                "security.protocol": "SASL_SSL",
                "ssl.certificate.location": "client.both",
                "ssl.key.location": "client.both",
                "sasl.mechanism": "PLAIN",
                "sasl.username": "agent",
                "sasl.password": "secret",
            },
        ),
    ],
)
def test_settings_become_those_of_librdkafka(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tls: TlsSettings, sasl: SaslSettings, expected: dict[str, str]
) -> None:
    monkeypatch.chdir(folder)
    found = Security(tls, sasl).librdkafka()
    assert found == expected
    AdminClient(found | {"bootstrap.servers": "127.0.0.1:1", "log_level": 0})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ca": "ca.pem"}, "log.tls.ca is set, but TLS is off: set log.tls.enabled to true"),
        ({"enabled": True, "ca": "nowhere"}, "cannot read log.tls.ca nowhere: No such file or directory"),
        ({"enabled": True, "ca": "text"}, "log.tls.ca text holds no certificate in PEM format"),
        ({"enabled": True, "ca": "bytes"}, "log.tls.ca bytes is no text"),
        ({"enabled": True, "key": "client.key"}, "log.tls.key is set, but no certificate: set log.tls.certificate"),
        (
            {"enabled": True, "certificate": "client.pem", "key": "server.key"},
            "the key server.key is not that of the certificate client.pem: set log.tls.key to the one that is",
        ),
        (
            {"enabled": True, "certificate": "client.pem", "key": "client.locked"},
            "the key client.locked cannot be decrypted: set log.tls.key_password_file or"
            " SERVICEMAP_LOG__TLS__KEY_PASSWORD",
        ),
        (
            {"enabled": True, "certificate": "client.pem", "key": "client.locked", "key_password": "wrong"},
            "the key client.locked cannot be decrypted: set log.tls.key_password_file or"
            " SERVICEMAP_LOG__TLS__KEY_PASSWORD",
        ),
        (
            {"enabled": True, "certificate": "client.pem", "key": "text"},
            "log.tls.certificate client.pem and log.tls.key text are not a certificate and a key in PEM format",
        ),
        (
            {"enabled": True, "key_password_file": "empty"},
            "log.tls.key_password_file empty is empty: write the secret into it",
        ),
    ],
)
def test_unusable_tls_settings_are_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(LogUnusable) as caught:
        Security(TlsSettings(**settings))
    assert str(caught.value) == message


def program(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"username": "agent"}, "a login is set, but not how it is sent: set log.sasl.mechanism"),
        ({"mechanism": "PLAIN"}, "PLAIN needs a name and a password: set log.sasl.username"),
        ({"mechanism": "SCRAM-SHA-256", "username": "agent"}, "SCRAM-SHA-256 needs a name and a password"),
        (
            {"mechanism": "PLAIN", "username": "agent", "password_file": "nowhere"},
            "cannot read log.sasl.password_file nowhere: No such file or directory",
        ),
        ({"mechanism": "OAUTHBEARER"}, "OAUTHBEARER needs a program that prints a token: set log.sasl.token_command"),
        (
            {"mechanism": "OAUTHBEARER", "token_command": ("/no/such/program",)},
            "log.sasl.token_command /no/such/program cannot be run: No such file or directory",
        ),
        (
            {"mechanism": "OAUTHBEARER", "token_command": program("exit(3)")},
            "failed with code 3: run it by hand",
        ),
        (
            {"mechanism": "OAUTHBEARER", "token_command": program("print('a.b.c')")},
            "has to print JSON with access_token and expires_in: ",
        ),
        (
            {"mechanism": "OAUTHBEARER", "token_command": program("import time; time.sleep(60)")},
            "printed no token within 1 s: run it by hand",
        ),
    ],
)
def test_an_unusable_login_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], message: str
) -> None:
    monkeypatch.setattr("log.tokens.COMMAND_SECONDS", 1.0)
    with pytest.raises(LogError) as caught:
        Security(sasl=SaslSettings(**settings))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_secrets_are_read_from_files_without_the_end_of_their_line(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("a password \n")
    found = Security(sasl=SaslSettings(mechanism="PLAIN", username="agent", password_file=str(file)))
    assert found.password == "a password "


def test_an_address_with_a_login_is_refused_without_repeating_it() -> None:
    with pytest.raises(LogUnusable, match=r"^an address of Kafka holds no login: set log\.sasl\.username") as caught:
        open_log("kafka://agent:secret@broker:9092")
    assert "secret" not in str(caught.value)


def test_a_token_is_used_for_most_of_its_lifetime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = tmp_path / "counter"
    code = (
        f"import json; file = open({str(counter)!r}, 'a+'); file.write('x'); file.flush(); file.seek(0);"
        "print(json.dumps({'access_token': str(len(file.read())), 'expires_in': 100, 'scope': 'kafka'}))"
    )
    now = [1000.0]
    monkeypatch.setattr("log.tokens.time.time", lambda: now[0])
    tokens = Tokens(program(code))

    first = tokens.get()
    now[0] = 1079.0
    again = tokens.get()
    now[0] = 1080.0
    renewed = tokens.get()

    assert (first.value, first.expires) == ("1", 1100.0)
    assert again == first
    assert (renewed.value, renewed.expires) == ("2", 1180.0)
