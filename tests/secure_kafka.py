"""A real Kafka with a listener for each way to secure a link."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from deploy.java import StartError
from deploy.kafka import HOST, free_port, start
from deploy.kafka_settings import properties
from tests.certificates import certify

GUEST = "guest"  # may see DENIED, a topic and a group, and no more
DENIED = "denied"
USER, PASSWORD = "agent", "a password, with = and ü"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
PROTOCOLS = {
    "TLS": "SSL",  # only the broker has a certificate
    "MUTUAL": "SSL",  # clients have one too
    "LOGIN": "SASL_SSL",
    "OPENLOGIN": "SASL_PLAINTEXT",
    "EXPIRED": "SSL",  # the broker's certificate is of the past
    "OTHER": "SSL",  # the broker's certificate is of another host
    "SCRAMONLY": "SASL_PLAINTEXT",
}
_LOGIN = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class Secure:
    """The ports by listener, and the folder of the certificates."""

    ports: Mapping[str, int]
    folder: Path

    def url(self, listener: str) -> str:
        return f"kafka://{HOST}:{self.ports[listener]}"

    def file(self, name: str) -> str:
        """Return a file of the folder: ca.pem, stranger.pem, client.pem, client.key, …"""
        return str(self.folder / name)


@contextmanager
def secure_kafka(folder: Path) -> Iterator[Secure]:
    """Start it, or skip the test where it cannot be had."""
    certify(folder)
    ports = {name: free_port() for name in PROTOCOLS}
    try:
        started = start(0, folder / "kafka", listeners=ports, settings=_settings(folder))
    except StartError as error:
        if os.environ.get("SERVICEMAP_TEST_REAL_KAFKA") == "required":
            raise
        pytest.skip(str(error))
    with started as broker:
        _add_user(broker.address)
        _limit_guest(broker.address)
        yield Secure(ports | {"PLAINTEXT": int(broker.address.rpartition(":")[2])}, folder)


_PRINT_TOKEN = """
import base64, json, os, sys, time
token, unless = sys.argv[1:]
if os.path.exists(unless):
    sys.exit(1)
part = lambda fields: base64.urlsafe_b64encode(json.dumps(fields).encode()).rstrip(b"=").decode()
now = int(time.time())
claims = {"sub": "agent", "iat": now, "exp": now + 300}
token = token or ".".join([part({"alg": "none"}), part(claims), ""])
print(json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 300}))
"""


def token_program(token: str = "", unless: str = "/nowhere") -> tuple[str, ...]:
    """Return a program that prints a token: an unsigned one, as Kafka takes them where it is set up for nothing else.

    It fails if there is a file `unless`.
    """
    return (sys.executable, "-c", _PRINT_TOKEN, token, unless)


def _settings(folder: Path) -> str:
    stores = {
        "TLS": "server",
        "MUTUAL": "server",
        "LOGIN": "server",
        "EXPIRED": "expired-server",
        "OTHER": "other-server",
    }
    settings = {
        "listener.security.protocol.map": ",".join(
            f"{name}:{protocol}"
            for name, protocol in {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT", **PROTOCOLS}.items()
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
        "sasl.enabled.mechanisms": ",".join(MECHANISMS),
    }
    for name, store in stores.items():
        prefix = f"listener.name.{name.lower()}"
        settings |= {
            f"{prefix}.ssl.keystore.type": "PEM",
            f"{prefix}.ssl.keystore.location": str(folder / f"{store}.both"),
        }
    settings |= {
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.mutual.ssl.truststore.type": "PEM",
        "listener.name.mutual.ssl.truststore.location": str(folder / "ca.pem"),
    }
    escaped = PASSWORD.encode("unicode_escape").decode().replace("\\xfc", "\\u00fc")
    modules = {
        "PLAIN": f'{_LOGIN}.plain.PlainLoginModule required user_{USER}="{escaped}" user_{GUEST}="guest"',
        "SCRAM-SHA-256": f"{_LOGIN}.scram.ScramLoginModule required",
        "SCRAM-SHA-512": f"{_LOGIN}.scram.ScramLoginModule required",
        "OAUTHBEARER": f'{_LOGIN}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="x"',
    }
    for name in ("login", "openlogin"):
        for mechanism, module in modules.items():
            settings[f"listener.name.{name}.{mechanism.lower()}.sasl.jaas.config"] = f"{module};"
    settings["listener.name.scramonly.sasl.enabled.mechanisms"] = "SCRAM-SHA-512"
    settings["listener.name.scramonly.scram-sha-512.sasl.jaas.config"] = f"{modules['SCRAM-SHA-512']};"
    return properties(settings)


def _limit_guest(address: str) -> None:
    admin = AdminClient({"bootstrap.servers": address})
    rules = [
        AclBinding(
            kind, DENIED, ResourcePatternType.LITERAL, f"User:{GUEST}", "*", AclOperation.DESCRIBE,
            AclPermissionType.ALLOW,
        )
        for kind in (ResourceType.TOPIC, ResourceType.GROUP)
    ]  # fmt: skip
    made = [*admin.create_topics([NewTopic(DENIED, 1)]).values(), *admin.create_acls(rules).values()]
    for done in made:
        done.result(10)


def _add_user(address: str) -> None:
    admin = AdminClient({"bootstrap.servers": address})
    for kind in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        user = UserScramCredentialUpsertion(USER, ScramCredentialInfo(kind, 4096), PASSWORD.encode())
        (done,) = admin.alter_user_scram_credentials([user]).values()
        done.result(10)
