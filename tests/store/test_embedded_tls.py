"""TLS of the embedded store's own ports: for all who want it, and for all who come from another machine."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from schemas.tls import Tls
from schemas.tls_settings import TlsSettings
from sinks.address import Address
from sinks.store import Store as Client
from sinks.store import StoreError
from tests.certificates import HOST, certify
from tests.store.conftest import Start, Store

ELSEWHERE = "127.0.0.2"  # an address that is not the store's, as another machine has one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("certificates")
    certify(found)
    return found


@pytest.fixture
def secured(start: Start, folder: Path, tmp_path: Path) -> Store:
    return start(tmp_path / "data", "--certificate", str(folder / "server.pem"), "--key", str(folder / "server.key"))


def asking(store: Store, folder: Path, ca: str = "ca.pem") -> Client:
    tls = Tls("store.tls", TlsSettings(enabled=True, ca=str(folder / ca)))
    return Client(Address(HOST, store.native_port, "servicemap", store.token, "default", tls=tls))


def test_both_protocols_speak_tls_to_those_who_begin_with_it(secured: Store, folder: Path) -> None:
    with closing(asking(secured, folder)) as client:
        client.query("CREATE TABLE numbers (n UInt64, text String) ENGINE = MergeTree ORDER BY n")
        client.insert("numbers", {"n": list(range(100_000)), "text": ["a text of some length"] * 100_000})
        assert len(client.query("SELECT n, text FROM numbers")) == 100_000
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    url = f"https://{HOST}:{secured.http_port}/?query=SELECT+sum(n)+FROM+default.numbers"
    with urllib.request.urlopen(url, context=context, timeout=30) as answer:
        assert answer.read() == b"4999950000\n"


def test_both_protocols_speak_tls_1_2_where_the_server_has_the_last_word_of_the_handshake(
    secured: Store, folder: Path
) -> None:
    tls = Tls("store.tls", TlsSettings(enabled=True, ca=str(folder / "ca.pem")))
    tls.context.maximum_version = ssl.TLSVersion.TLSv1_2
    address = Address(HOST, secured.native_port, "servicemap", secured.token, "default", tls=tls)
    with closing(Client(address)) as client:
        assert client.query("SELECT 42") == [(42,)]
    url = f"https://{HOST}:{secured.http_port}/?query=SELECT+42"
    with urllib.request.urlopen(url, context=tls.context, timeout=10) as answer:
        assert answer.read() == b"42\n"


CLIENT = """<config><openSSL><client><caConfig>{ca}</caConfig><verificationMode>relaxed</verificationMode>
<invalidCertificateHandler><name>RejectCertificateHandler</name></invalidCertificateHandler></client></openSSL></config>
"""


@pytest.mark.programs
@pytest.mark.parametrize(("ca", "code"), [("ca.pem", 0), ("stranger.pem", 210)])
def test_debians_client_verifies_the_store(secured: Store, folder: Path, tmp_path: Path, ca: str, code: int) -> None:
    program = shutil.which("clickhouse-client")
    if program is None:
        pytest.skip("clickhouse-client is not installed: apt-get install clickhouse-client")
    config = tmp_path / "client.xml"
    config.write_text(CLIENT.format(ca=folder / ca))
    where = ["--config-file", str(config), "--host", HOST, "--port", str(secured.native_port), "--secure"]
    done = subprocess.run(
        [program, *where, "--query", "SELECT 40 + 2"], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "HOME": "/nonexistent"},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (code, "42\n" if code == 0 else "")


def test_clients_of_this_machine_need_no_tls(secured: Store) -> None:
    client = secured.writer()
    assert client.execute("SELECT 1") == [(1,)]
    client.disconnect()
    with urllib.request.urlopen(f"{secured.url}?query=SELECT+1", timeout=30) as answer:
        assert answer.read() == b"1\n"


def test_a_client_of_another_machine_is_refused_without_tls_and_counted(secured: Store, folder: Path) -> None:
    hello = b"\x00\x06client\x01\x01\xab\xa9\x03\x07default\x07default\x00"
    message = {
        port: answer_to(port, first)
        for port, first in ((secured.native_port, hello), (secured.http_port, b"GET /?query=SELECT+1 HTTP/1.1\r\n\r\n"))
    }
    assert all(b"This store accepts only TLS: enable TLS in your client." in answer for answer in message.values())
    with urllib.request.urlopen(f"{secured.url}health", timeout=30) as answer:
        assert json.load(answer)["trouble"]["refused, without TLS from another machine"] == 2

    context = ssl.create_default_context(cafile=folder / "ca.pem")
    with (
        socket.create_connection((HOST, secured.http_port), 30, (ELSEWHERE, 0)) as connection,
        context.wrap_socket(connection, server_hostname=HOST) as client,
    ):
        client.sendall(b"GET /?query=SELECT+42 HTTP/1.0\r\n\r\n")
        assert everything(client).endswith(b"42\n")


def answer_to(port: int, first: bytes) -> bytes:
    with socket.create_connection((HOST, port), 30, (ELSEWHERE, 0)) as connection:
        connection.sendall(first)
        return everything(connection)


def everything(connection: socket.socket) -> bytes:
    found = b""
    while data := connection.recv(1 << 16):
        found += data
    return found


def test_a_client_that_does_not_trust_the_certificate_harms_nobody(secured: Store, folder: Path) -> None:
    with closing(asking(secured, folder, "stranger.pem")) as client, pytest.raises(StoreError) as caught:
        client.query("SELECT 1")
    assert str(caught.value) == (
        f"the ClickHouse at {HOST}:{secured.native_port} has a certificate of an unknown authority; set store.tls.ca to"
        " the file of that authority"
    )
    with socket.create_connection((HOST, secured.native_port), 30) as nonsense:
        nonsense.sendall(b"\x16 and no TLS at all")
        assert b"SELECT" not in everything(nonsense)
    with closing(asking(secured, folder)) as client:
        assert client.query("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"certificate": "nowhere"}, "cannot read store.certificate {folder}/nowhere: No such file or directory."),
        (
            {"certificate": "server.pem", "key": "client.key"},
            "the key {folder}/client.key is not that of the certificate {folder}/server.pem: set store.key to the one"
            " that is.",
        ),
        (
            {"certificate": "client.pem", "key": "client.locked"},
            "the key {folder}/client.locked has a password: give store.key a key without a password.",
        ),
    ],
)
def test_a_certificate_that_cannot_be_used_is_one_sentence(
    folder: Path, tmp_path: Path, files: dict[str, str], message: str
) -> None:
    given = [part for name, file in files.items() for part in (f"--{name}", str(folder / file))]
    command = [sys.executable, "-m", "sinks.embedded", "--data", str(tmp_path / "data"), *given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, message.format(folder=folder) + "\n")
