"""Links to ClickHouse with TLS, native and HTTP, and the sentence for each way in which they fail."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from schemas.tls import Tls
from schemas.tls_settings import TlsSettings
from servicemap.cli import main
from servicemap.config import ClusterConfig, StoreConfig
from servicemap.parts import named_store
from sinks.address import Address
from sinks.cluster import Cluster
from sinks.store import Store as Client
from sinks.store import StoreError, create_database
from tests.certificates import HOST, certify
from tests.store.conftest import Store
from tests.tls_front import tls_front

FRONTS = {
    "tls": ("server", False),
    "mutual": ("server", True),
    "expired": ("expired-server", False),
    "other": ("other-server", False),
}
PLAIN = "plain"


@dataclass
class Secure:
    """The store behind fronts: ports by their names, native and HTTP, and the folder of the certificates."""

    folder: Path
    native: dict[str, int]
    http: dict[str, int]
    password: str

    def tls(self, files: dict[str, str] | None) -> TlsSettings:
        named = {name: str(self.folder / file) for name, file in (files or {}).items()}
        return TlsSettings(enabled=files is not None, **named)

    def address(self, front: str, files: dict[str, str] | None, password: str = "") -> Address:
        tls = Tls("store.tls", self.tls(files)) if files is not None else None
        return Address(HOST, self.native[front], "servicemap", password or self.password, "default", tls=tls)


@pytest.fixture(scope="module")
def secure(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    folder = tmp_path_factory.mktemp("certificates")
    certify(folder)
    with ExitStack() as fronts:

        def before(port: int) -> dict[str, int]:
            ports = {
                name: fronts.enter_context(tls_front(port, folder, certificate, mutual=mutual))
                for name, (certificate, mutual) in FRONTS.items()
            }
            return {PLAIN: port, **ports}

        yield Secure(folder, before(store.native_port), before(store.http_port), store.token)


TRUSTED = {"ca": "ca.pem"}
WAYS: dict[str, tuple[str, dict[str, str]]] = {
    "server certificate": ("tls", TRUSTED),
    "two files": ("mutual", TRUSTED | {"certificate": "client.pem", "key": "client.key"}),
    "one file": ("mutual", TRUSTED | {"certificate": "client.both"}),
    "key with a password": (
        "mutual",
        TRUSTED | {"certificate": "client.pem", "key": "client.locked", "key_password_file": "client.password"},
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_rows_pass_over_a_secured_link(secure: Secure, way: str) -> None:
    address = secure.address(*WAYS[way])
    create_database(address._replace(database="secured"))
    with closing(Client(address._replace(database="secured"))) as client:
        client.query("CREATE TABLE IF NOT EXISTS numbers (n UInt64) ENGINE = MergeTree ORDER BY n")
        client.query("TRUNCATE TABLE numbers")
        client.insert("numbers", {"n": list(range(200_000))})
        assert client.query("SELECT sum(n) FROM numbers") == [(19_999_900_000,)]
        assert len(client.query("SELECT n FROM numbers")) == 200_000


FAILURES: dict[str, tuple[str, dict[str, str] | None, str]] = {
    "plain to a TLS port": ("tls", None, "speaks TLS on this port; set store.tls.enabled to true"),
    "TLS to a plain port": (
        PLAIN, TRUSTED,
        "speaks no TLS on this port; give the port of its TLS listener, or set store.tls.enabled to false",
    ),
    "unknown authority": (
        "tls", {"ca": "stranger.pem"},
        "has a certificate of an unknown authority; set store.tls.ca to the file of that authority",
    ),
    "authority not of the system": (
        "tls", {}, "has a certificate of an unknown authority; set store.tls.ca to the file of that authority",
    ),
    "expired certificate of the server": (
        "expired", TRUSTED, "has a certificate that has expired; renew it on the server",
    ),
    "certificate of another server": (
        "other", TRUSTED,
        "has a certificate that is not valid for 127.0.0.1; give --store the name that is in the certificate",
    ),
    "no certificate": (
        "mutual", TRUSTED, "asks for a certificate; set store.tls.certificate and store.tls.key",
    ),
    "expired certificate": (
        "mutual", TRUSTED | {"certificate": "expired-client.both"},
        "does not accept the certificate {folder}/expired-client.both; renew it if it has expired, and check that the"
        " server trusts its authority",
    ),
    "certificate of a stranger": (
        "mutual", TRUSTED | {"certificate": "stranger-client.both"},
        "does not accept the certificate {folder}/stranger-client.both; renew it if it has expired, and check that the"
        " server trusts its authority",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_of_the_native_protocol_is_one_sentence_in_time(secure: Secure, name: str) -> None:
    front, files, expected = FAILURES[name]
    address = secure.address(front, files)
    begun = time.monotonic()

    with closing(Client(address)) as client, pytest.raises(StoreError) as caught:
        client.query("SELECT 1")

    assert str(caught.value) == f"the ClickHouse at {address.place} {expected.format(folder=secure.folder)}"
    assert caught.value.passing
    assert time.monotonic() - begun < 8


@pytest.mark.parametrize("front", [PLAIN, "tls"])
def test_a_wrong_password_is_one_sentence(secure: Secure, front: str) -> None:
    address = secure.address(front, None if front == PLAIN else TRUSTED, "wrong")

    with closing(Client(address)) as client, pytest.raises(StoreError) as caught:
        client.query("SELECT 1")

    assert str(caught.value) == (
        "the ClickHouse at 127.0.0.1 does not accept the login of servicemap; check the user in --store, and the"
        " password"
    )


def test_a_server_that_is_away_is_one_sentence(secure: Secure) -> None:
    address = secure.address("tls", TRUSTED)._replace(port=1)

    with closing(Client(address)) as client, pytest.raises(StoreError) as caught:
        client.query("SELECT 1")

    assert str(caught.value).startswith("no ClickHouse answers at 127.0.0.1:1: start one or check --store (")


@dataclass
class Commands:
    """The command line with the settings of a link in a file."""

    secure: Secure
    folder: Path

    def run(self, *command: str, front: str, files: dict[str, str] | None, **more: Any) -> Result:
        tls = self.secure.tls(files)
        settings = {
            "url": f"clickhouse://servicemap@{HOST}:{self.secure.native[front]}/default",
            "http_port": self.secure.http[front],
            "tls": {name: getattr(tls, name) for name in tls.__struct_fields__},
            **more,
        }
        file = self.folder / "servicemap.json"
        file.write_text(json.dumps({"data": str(self.folder), "store": settings}))
        return CliRunner().invoke(main, [*command, "--config", str(file)])


@pytest.fixture
def commands(secure: Secure, tmp_path: Path) -> Commands:
    (tmp_path / "password").write_text(secure.password + "\n")
    return Commands(secure, tmp_path)


@pytest.mark.parametrize("way", WAYS)
def test_sql_asks_over_https(commands: Commands, way: str) -> None:
    front, files = WAYS[way]
    done = commands.run(
        "sql", "SELECT 1 + 1", front=front, files=files, password_file=str(commands.folder / "password")
    )
    assert (done.output, done.exit_code) == ("2\n", 0)


@pytest.mark.parametrize("name", FAILURES)
def test_each_failure_of_http_is_one_sentence(commands: Commands, name: str) -> None:
    front, files, expected = FAILURES[name]
    done = commands.run("sql", "SELECT 1", front=front, files=files)
    at = f"{HOST}:{commands.secure.http[front]}"
    assert done.output == f"servicemap: the ClickHouse at {at} {expected.format(folder=commands.secure.folder)}\n"


def test_a_wrong_password_over_https_is_one_sentence(commands: Commands) -> None:
    done = commands.run("sql", "SELECT 1", front="tls", files=TRUSTED, password="wrong")
    assert done.output == (
        "servicemap: the ClickHouse at 127.0.0.1 does not accept the login of servicemap; check the user in --store,"
        " and the password\n"
    )


def test_doctor_explains_what_is_wrong_with_the_link(commands: Commands) -> None:
    done = commands.run("doctor", "--json", front="mutual", files=TRUSTED, password="x")
    (check,) = [check for check in json.loads(done.stdout)["checks"] if check["name"] == "store"]
    assert check["state"] == "broken"
    assert check["found"].endswith("asks for a certificate; set store.tls.certificate and store.tls.key")


@pytest.mark.parametrize(
    ("files", "more", "answer"),
    [
        ({"ca": "nowhere"}, {}, "cannot read store.tls.ca {folder}/nowhere: No such file or directory"),
        (
            {"certificate": "client.locked"},
            {},
            "the key {folder}/client.locked cannot be decrypted: set store.tls.key_password_file or"
            " SERVICEMAP_STORE__TLS__KEY_PASSWORD",
        ),
        (
            TRUSTED,
            {"password_file": "/nowhere"},
            "cannot read store.password_file /nowhere: No such file or directory",
        ),
        (
            TRUSTED,
            {"url": "clickhouse://me:secret@db/map", "password": "secret"},
            "store.url holds a password, and another one is set: leave it out of store.url",
        ),
        (
            None,
            {"url": "clickhouses://me@db/map"},
            "store.url: clickhouses:// is not how TLS is chosen; give clickhouse://, and set store.tls.enabled",
        ),
        (TRUSTED, {"url": ""}, "store.tls.enabled is of a ClickHouse of your own: name that in store.url"),
        (
            None,
            {"url": "", "cluster": {"name": "prod"}},
            "store.cluster.name is of a ClickHouse of your own: name that in store.url",
        ),
        (
            None,
            {"cluster": {"sharded": True}},
            "store.cluster.sharded is set, but no cluster: set store.cluster.name",
        ),
        (
            None,
            {"certificate": "/nowhere"},
            "cannot read store.certificate /nowhere: No such file or directory",
        ),
    ],
)
def test_settings_that_cannot_be_used_are_one_sentence(
    commands: Commands, files: dict[str, str] | None, more: dict[str, Any], answer: str
) -> None:
    done = commands.run("config", "check", front="tls", files=files, **more)
    assert done.output == f"servicemap: {answer.format(folder=commands.secure.folder)}\n"
    assert done.exit_code == 1


def test_a_cluster_is_named_as_its_servers_name_it(commands: Commands) -> None:
    done = commands.run("config", "check", front="tls", files=TRUSTED, cluster={"name": "prod` (x"})
    assert done.exit_code == 1
    assert "store.cluster.name" in done.output
    settings = StoreConfig(url="clickhouse://db/map", cluster=ClusterConfig(name="prod", sharded=True))
    assert named_store(settings).cluster == Cluster("prod", replicated=True, sharded=True)


def test_a_replay_refuses_a_cluster(commands: Commands) -> None:
    done = commands.run("replay", "--from", "10m", "--to", "now", front="tls", files=TRUSTED, cluster={"name": "prod"})
    assert done.output.endswith(
        "a replay swaps the tables of one server: a store with store.cluster.name cannot take it\n"
    )


def test_secrets_of_the_store_are_not_shown(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICEMAP_STORE__TLS__KEY_PASSWORD", "hidden")
    done = commands.run("config", front="tls", files=TRUSTED, password="hidden")
    assert done.exit_code == 0
    assert "hidden" not in done.output


def test_the_ports_of_tls_are_clickhouses_own() -> None:
    tls = Tls("store.tls", TlsSettings(enabled=True))
    assert Address.parse("clickhouse://db/map", tls).port == 9440
    assert Address.parse("clickhouse://db/map").port == 9000
