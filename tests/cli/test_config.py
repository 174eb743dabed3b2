import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from servicemap import reference
from servicemap.cli import main
from servicemap.config import Config, ConfigError, StoreConfig, load
from servicemap.options import Failure
from servicemap.parts import reader_password
from servicemap.settings import leaves


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration but the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SERVICEMAP_COLLECTORS__DISCOVER")


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["config", *arguments])


def shown(*arguments: str) -> dict[str, tuple[Any, str]]:
    lines = ask("show", "--json", *arguments).stdout.splitlines()
    return {row["key"]: (row["value"], row["origin"]) for row in map(json.loads, lines)}


def test_every_value_is_shown_with_its_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[store]\nhost = "::1"\nnative_port = 1\nhttp_port = 1\n[collectors.labels]\nregion = "north"\n')
    monkeypatch.setenv("SERVICEMAP_STORE__NATIVE_PORT", "2")
    monkeypatch.setenv("SERVICEMAP_STORE__URL", "clickhouse://a")
    found = shown("--config", str(file), "--store", "clickhouse://b")
    assert found["store.host"] == ("::1", str(file))
    assert found["store.native_port"] == (2, "SERVICEMAP_STORE__NATIVE_PORT")
    assert found["store.url"] == ("clickhouse://b", "command line")
    assert found["collectors.labels"] == ({"region": "north"}, str(file))
    assert found["collectors.window_ms"] == (5000, "default")
    assert set(found) == {".".join(path) for path, _ in leaves((), Config())}


def test_a_file_found_by_itself_is_named(tmp_path: Path) -> None:
    (tmp_path / "servicemap.toml").write_text('data = "here"\n')
    assert shown()["data"] == ("here", "servicemap.toml")
    assert shown("--data", "there")["data"] == ("there", "command line")


def test_values_that_follow_from_others_are_shown_as_they_are_in_effect(tmp_path: Path) -> None:
    found = shown("--data", str(tmp_path))
    assert found["log.url"] == (str(tmp_path / "log.sqlite"), "default")
    assert shown("--log", "kafka://k:9092")["log.partitions"] == (4, "default")


def test_a_password_is_not_shown() -> None:
    result = ask("--store", "clickhouse://me:secret@host:9000/db")
    assert "secret" not in result.stdout
    assert "clickhouse://me:***@host:9000/db" in result.stdout
    assert "secret" not in ask("check", "--store", "http://me:secret@host").stderr


def test_the_readers_password_is_shown_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICEMAP_STORE__READER_PASSWORD", "hunter2")
    assert shown()["store.reader_password"] == ("***", "SERVICEMAP_STORE__READER_PASSWORD")
    assert "hunter2" not in ask("show").stdout + ask("check").stdout


def test_the_security_of_kafka_is_shown_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICEMAP_LOG__SASL__PASSWORD", "hunter2")
    monkeypatch.setenv("SERVICEMAP_LOG__TLS__KEY_PASSWORD", "hunter3")
    monkeypatch.setenv("SERVICEMAP_LOG__SASL__MECHANISM", "SCRAM-SHA-512")
    found = shown()
    assert found["log.sasl.mechanism"] == ("SCRAM-SHA-512", "SERVICEMAP_LOG__SASL__MECHANISM")
    assert found["log.sasl.password"] == ("***", "SERVICEMAP_LOG__SASL__PASSWORD")
    assert found["log.tls.key_password"] == ("***", "SERVICEMAP_LOG__TLS__KEY_PASSWORD")
    assert found["log.tls.enabled"] == (False, "default")
    assert "hunter" not in ask("show").stdout + ask("check", "--log", "kafka://k:9092").stderr


def test_what_is_wrong_with_the_security_of_kafka_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICEMAP_LOG__SASL__MECHANISM", "SCRAM")
    assert "give OAUTHBEARER, PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512" in ask("check").stderr
    monkeypatch.setenv("SERVICEMAP_LOG__SASL__MECHANISM", "SCRAM-SHA-256")
    assert "set log.sasl.username" in ask("check", "--log", "kafka://k:9092").stderr
    assert ask("check").exit_code == 0  # a file needs no login


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "LOCALHOST.", "127.8.9.1", "127.1", "::1", "::ffff:127.0.0.1"]
)
def test_on_loopback_readers_need_no_password(host: str) -> None:
    assert reader_password(Config(store=StoreConfig(host=host))) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "::", "", "::ffff:0.0.0.0", "10.1.2.3", "fe80::1"])
def test_elsewhere_they_do(tmp_path: Path, host: str) -> None:
    with pytest.raises(Failure, match="SERVICEMAP_STORE__READER_PASSWORD"):
        reader_password(Config(store=StoreConfig(host=host)))
    (tmp_path / "secret").write_text("s3cret\n")
    given = StoreConfig(host=host, reader_password_file=str(tmp_path / "secret"))
    assert reader_password(Config(store=given)) == "s3cret"
    assert reader_password(Config(store=StoreConfig(host=host, reader_password="x"))) == "x"
    with pytest.raises(Failure, match="cannot read"):
        reader_password(Config(store=StoreConfig(reader_password_file=str(tmp_path / "none"))))


def test_people_get_a_table() -> None:
    heading, first, *_ = ask().stdout.splitlines()
    assert heading.split() == ["KEY", "ORIGIN", "VALUE"]
    assert first.split()[0] == "data"


def test_a_good_configuration_is_reported_as_good() -> None:
    assert (ask("check").exit_code, ask("check").stdout) == (0, "the configuration can be used\n")
    assert json.loads(ask("check", "--json").stdout) == {"ok": True, "problems": []}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[collectors]\nlocal_interfaces = ['(']", "collectors.local_interfaces[0]"),
        ("[[services.rules]]\nservice = 'x'\ncmdline = '*'", "services.rules[0].cmdline"),
        ("[store]\nurl = 'http://x'", "http://x is not a store"),
        ("[log]\nurl = 'amqp://x'", "log.url"),
        ("[collectors]\nproc = '/nowhere'", "collectors.proc"),
        ("[store]\nhost = '0.0.0.0'", "SERVICEMAP_STORE__READER_PASSWORD"),
        ("unknown = 1", "unknown"),
        ("[collectors]\nwindow_ms = 7000", "keyframe_ms"),
        ("not toml", "is not valid"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "servicemap.toml").write_text(text)
    result = ask("check")
    assert result.exit_code == 1
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_value_inside_something_that_is_no_table_is_named(tmp_path: Path) -> None:
    (tmp_path / "servicemap.toml").write_text("log = 3\n")
    with pytest.raises(ConfigError, match=r"log\.url is inside something"):
        load(environment={"SERVICEMAP_LOG__URL": "x"})


def test_the_reference_page_is_current() -> None:
    assert reference.PAGE.read_text() == reference.page(), "run `make golden`"


def test_the_reference_page_has_every_setting() -> None:
    page = reference.page()
    missing = [path for path, _ in leaves((), Config()) if f"### `{'.'.join(path)}`" not in page]
    assert not missing
    assert "### `services.rules[].cmdline`" in page
