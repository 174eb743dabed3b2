"""Who may read: on loopback everybody, elsewhere those who know the readers' password."""

import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import ServerException

from schemas.loopback import is_loopback


def _refused(tmp_path: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "sinks.embedded", "--data", str(tmp_path / "data")]
    ports = ("--native-port", "0", "--http-port", "0")
    ended = subprocess.run([*command, *ports, *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1), ended.stderr
    return ended.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0", "", "000.0.0.0"])
def test_whom_others_can_reach_has_a_password_or_does_not_start(tmp_path: Path, host: str) -> None:
    assert "--reader-password-file" in _refused(tmp_path, "--host", host)


def test_a_password_that_is_not_there_is_no_password(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    assert "empty" in _refused(tmp_path, "--reader-password-file", str(tmp_path / "empty"))
    assert "Cannot read" in _refused(tmp_path, "--reader-password-file", str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:0.0.0.0", False),
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_an_address_is_of_this_machine_alone_or_not(address: str, here: bool) -> None:
    assert is_loopback(address) == here


def test_readers_give_their_password_on_both_ports(start: Any, tmp_path: Path) -> None:
    secret = "a:pass/word ä"
    (tmp_path / "secret").write_text(secret + "\n")
    store = start(tmp_path / "data", "--host", "0.0.0.0", "--reader-password-file", str(tmp_path / "secret"))

    def asked(password: str, user: str = "default") -> Any:
        client = Client("127.0.0.1", port=store.native_port, user=user, password=password)
        try:
            return client.execute("SELECT currentUser()" if user != "default" else "SELECT 1")
        finally:
            client.disconnect()

    def fetched(password: str) -> int:
        connection = HTTPConnection("127.0.0.1", store.http_port, timeout=20)
        try:
            target = f"/?query=SELECT+1&password={quote(password)}"
            connection.request("GET", target, headers={"Host": f"map.example:{store.http_port}"})
            return connection.getresponse().status
        finally:
            connection.close()

    assert asked(secret) == asked(store.token) == [(1,)]
    assert fetched(secret) == 200
    for wrong in ("", "x", secret + "x"):
        with pytest.raises(ServerException, match="Authentication failed"):
            asked(wrong)
        assert fetched(wrong) in {401, 403}
    with pytest.raises(ServerException, match="Authentication failed"):
        asked(secret, user="servicemap")
    assert secret.encode() not in Path(f"/proc/{store.process.pid}/cmdline").read_bytes()
