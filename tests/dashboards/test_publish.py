"""`dashboards publish` against a server that answers as Grafana does."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from dashboards.alerts.files import rules
from dashboards.grafana.build import dashboards
from dashboards.grafana.source import data_source
from servicemap.cli import main
from servicemap.publishing import duration
from tests.certificates import certify
from tests.dashboards.fake_grafana import TOKEN, USER, FakeGrafana, running
from tests.dashboards.test_build import ROOT

STORE = "clickhouse://reader:pw@ch.example:9000/servicemap"
UIDS = [board["uid"] for board in dashboards()]


@pytest.fixture
def grafana() -> Iterator[FakeGrafana]:
    with running(FakeGrafana()) as grafana:
        yield grafana


def publish(grafana: FakeGrafana, *more: str, token: str = TOKEN, store: str = STORE) -> Result:
    arguments = ["dashboards", "publish", "--url", grafana.url, "--store", store, "--token", token, *more]
    return CliRunner().invoke(main, arguments)


def states(done: Result) -> set[str]:
    assert done.exit_code == 0, done.output
    return {one["state"] for one in map(json.loads, done.stdout.splitlines())}


def test_everything_is_created_and_the_second_run_changes_nothing(grafana: FakeGrafana) -> None:
    first, written = publish(grafana, "--json"), grafana.changes
    second = publish(grafana, "--json")

    assert states(first) == {"created", "answers"}
    assert states(second) == {"unchanged", "answers"}
    assert grafana.changes == written
    assert set(grafana.dashboards) == set(UIDS)
    assert {one["meta"]["folderUid"] for one in grafana.dashboards.values()} == set(grafana.folders)
    kept = [rule["uid"] for group in grafana.groups.values() for rule in group["rules"]]
    assert kept == [rule["uid"] for rule in rules()]


def test_the_data_source_asks_the_store_and_has_its_password_where_nobody_reads_it(grafana: FakeGrafana) -> None:
    publish(grafana)

    source = grafana.sources["servicemap"]
    assert source["jsonData"].items() >= {"host": "ch.example", "port": 9000, "username": "reader"}.items()
    assert grafana.secrets["servicemap"] == {"password": "pw"}
    assert "pw" not in json.dumps(source)


TLS = {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}


def secured(grafana: FakeGrafana, folder: Path, files: dict[str, str], *more: str) -> Result:
    certify(folder)
    lines = [f'{name} = "{folder / file}"' for name, file in files.items()]
    settings = folder / "servicemap.toml"
    settings.write_text("\n".join(['[store]\npassword = "pw"\n[store.tls]\nenabled = true', *lines]))
    return publish(grafana, "--config", str(settings), *more, store="clickhouse://reader@ch.example/servicemap")


def test_the_data_source_of_a_store_with_tls_verifies_it_and_shows_our_certificate(
    grafana: FakeGrafana, tmp_path: Path
) -> None:
    first = secured(grafana, tmp_path, TLS, "--json")

    assert states(first) == {"created", "answers"}
    source, secrets = grafana.sources["servicemap"], grafana.secrets["servicemap"]
    asked = {"port": 9440, "secure": True, "tlsSkipVerify": False, "tlsAuth": True, "tlsAuthWithCACert": True}
    assert source["jsonData"].items() >= asked.items()
    assert secrets["password"] == "pw"
    for name, file in {"tlsCACert": "ca.pem", "tlsClientCert": "client.pem", "tlsClientKey": "client.key"}.items():
        assert secrets[name] == (tmp_path / file).read_text()
    assert "PRIVATE KEY" not in json.dumps(source)


def test_the_data_source_trusts_the_authorities_of_the_system_unless_others_are_set(
    grafana: FakeGrafana, tmp_path: Path
) -> None:
    secured(grafana, tmp_path, {})

    found = grafana.sources["servicemap"]["jsonData"]
    asked = {"secure": True, "tlsSkipVerify": False, "tlsAuth": False, "tlsAuthWithCACert": False}
    assert found.items() >= asked.items()
    assert set(grafana.secrets["servicemap"]) == {"password"}


def test_a_certificate_that_grafana_lacks_is_sent_though_all_else_is_right(
    grafana: FakeGrafana, tmp_path: Path
) -> None:
    secured(grafana, tmp_path, TLS)
    del grafana.sources["servicemap"]["secureJsonFields"]["tlsClientKey"]

    done = secured(grafana, tmp_path, TLS)

    assert "data source  Servicemap    updated" in done.output


def test_a_key_with_a_password_is_not_given_to_grafana(grafana: FakeGrafana, tmp_path: Path) -> None:
    files = TLS | {"key": "client.locked", "key_password_file": "client.password"}
    done = secured(grafana, tmp_path, files)

    assert done.output == (
        "servicemap: Grafana takes no key with a password: give store.tls.key a key without a password\n"
    )
    assert not grafana.sources


def test_the_data_source_of_a_store_in_shards_asks_all_of_them(grafana: FakeGrafana, tmp_path: Path) -> None:
    file = tmp_path / "servicemap.toml"
    file.write_text('[store.cluster]\nname = "prod"\nsharded = true\n')

    publish(grafana, "--config", str(file))

    sent = grafana.sources["servicemap"]["jsonData"]["customSettings"]
    assert {"setting": "distributed_product_mode", "value": "global"} in sent


def test_what_was_changed_there_is_updated_and_shown(grafana: FakeGrafana) -> None:
    publish(grafana)
    grafana.dashboards["servicemap-edge"]["dashboard"]["title"] = "Mine"

    done = publish(grafana, "--diff")

    assert [line for line in done.stdout.splitlines() if line.endswith("updated")] == [
        "dashboard    Edge          updated"
    ]
    assert '-  "title": "Mine"' in done.stdout
    assert '+  "title": "Edge"' in done.stdout
    assert grafana.dashboards["servicemap-edge"]["dashboard"]["title"] == "Edge"
    assert grafana.dashboards["servicemap-edge"]["dashboard"]["version"] == 2


def test_a_rule_that_was_changed_there_is_updated(grafana: FakeGrafana) -> None:
    publish(grafana)
    name, group = next(iter(grafana.groups.items()))
    group["rules"][0]["for"] = "1h"

    publish(grafana)

    assert grafana.groups[name]["rules"][0]["for"] != "1h"


def test_a_dry_run_prints_what_it_would_do_and_writes_nothing(grafana: FakeGrafana) -> None:
    done = publish(grafana, "--dry-run", "--diff")

    assert done.exit_code == 0, done.output
    assert grafana.changes == 0
    assert "Service map   would be created" in done.stdout or "Service       would be created" in done.stdout
    assert '+  "uid": "servicemap-host"' in done.stdout


def test_force_sends_everything_such_as_a_new_password(grafana: FakeGrafana) -> None:
    publish(grafana)

    publish(grafana, "--force", store=STORE.replace(":pw@", ":new@"))

    assert grafana.secrets["servicemap"] == {"password": "new"}
    assert {one["dashboard"]["version"] for one in grafana.dashboards.values()} == {2}


def test_what_grafana_was_provisioned_with_is_left_alone(grafana: FakeGrafana) -> None:
    publish(grafana)
    grafana.sources["servicemap"] |= {"readOnly": True, "name": "Other"}
    grafana.dashboards["servicemap-host"]["meta"]["provisioned"] = True
    grafana.dashboards["servicemap-host"]["dashboard"]["title"] = "Other"
    for group in grafana.groups.values():
        group["rules"] = [{**group["rules"][0], "provenance": "file", "title": "Other"}]

    done = publish(grafana, "--json")

    assert states(done) == {"unchanged", "provisioned", "answers"}


def test_dashboards_move_to_the_folder_that_is_named(grafana: FakeGrafana) -> None:
    publish(grafana)

    publish(grafana, "--folder", "Maps")

    (uid,) = [uid for uid, folder in grafana.folders.items() if folder["title"] == "Maps"]
    assert {one["meta"]["folderUid"] for one in grafana.dashboards.values()} == {uid}


def test_a_user_with_a_password_may_ask_as_well(grafana: FakeGrafana) -> None:
    user = ":".join(USER)
    arguments = ["dashboards", "publish", "--url", grafana.url, "--store", STORE, "--user", user]
    assert CliRunner().invoke(main, arguments).exit_code == 0


def test_a_grafana_below_a_path_is_found() -> None:
    with running(FakeGrafana("/monitoring")) as grafana:
        assert publish(grafana).exit_code == 0
        assert set(grafana.dashboards) == set(UIDS)


def test_a_store_that_grafana_cannot_reach_is_reported_and_nothing_is_undone(grafana: FakeGrafana) -> None:
    grafana.health = (400, {"status": "ERROR", "message": "dial tcp: connection refused"})

    done = publish(grafana)

    assert done.exit_code == 0
    assert "does not answer Grafana: dial tcp: connection refused" in done.stdout


def changed_meanwhile(grafana: FakeGrafana) -> None:
    keep = grafana.answer

    def answer(method: str, path: str, sent: Any) -> tuple[int, Any]:
        reply = keep(method, path, sent)
        if method == "GET" and path.endswith("servicemap-edge"):
            grafana.dashboards["servicemap-edge"]["dashboard"] |= {"version": 9}
            return 200, {**reply[1], "dashboard": {**reply[1]["dashboard"], "version": 1, "title": "Mine"}}
        return reply

    publish(grafana)
    grafana.answer = answer  # type: ignore[method-assign]


def of_the_same_title(grafana: FakeGrafana) -> None:
    publish(grafana)
    grafana.dashboards["another"] = grafana.dashboards.pop("servicemap-edge")


def same_source(grafana: FakeGrafana) -> None:
    publish(grafana)
    grafana.sources["another"] = grafana.sources.pop("servicemap")


def broken(status: int, body: Any) -> Callable[[FakeGrafana], None]:
    def break_it(grafana: FakeGrafana) -> None:
        grafana.broken = (status, body)

    return break_it


@pytest.mark.parametrize(
    ("happens", "sentence"),
    [
        (changed_meanwhile, "Grafana has another or newer dashboard Edge (The dashboard has been changed by someone"),
        (of_the_same_title, "Grafana has another or newer dashboard Edge (A dashboard with the same name already"),
        (same_source, "Grafana has another data source Servicemap already (data source with the same name"),
        (
            broken(403, {"message": "Access denied"}),
            "refuses what is there (Access denied): give a token of role Admin",
        ),
        (broken(500, {"message": "database is locked"}), "Grafana refuses what is there with 500: database is locked"),
        (broken(200, "<html>a shop</html>"), "is not Grafana: check --url"),
        (broken(404, "<html>nothing</html>"), "there is no Grafana API at"),
    ],
)
def test_what_goes_wrong_is_one_sentence(grafana: FakeGrafana, happens: Callable[..., None], sentence: str) -> None:
    happens(grafana)

    done = publish(grafana)

    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert sentence in done.stderr


def test_an_unknown_token_is_one_sentence(grafana: FakeGrafana) -> None:
    done = publish(grafana, token="glsa_of_nobody")

    assert done.exit_code == 1
    assert done.stderr.startswith("servicemap: Grafana does not know who asks: give a service account's with --token")


def test_nobody_at_the_address_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    arguments = ["dashboards", "publish", "--url", url, "--store", STORE, "--token", TOKEN]

    done = CliRunner().invoke(main, arguments)

    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert f"no Grafana answers at {url}: start one or check --url" in done.stderr


def test_without_grafana_client_the_error_shows_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("servicemap.grafana.import_module", missing)
    monkeypatch.setattr("servicemap.extras.installed", lambda package: None)

    done = CliRunner().invoke(main, ["dashboards", "publish", "--url", "http://localhost", "--store", STORE])

    assert done.exit_code == 1
    assert "grafana-client is not installed: run `pip install 'servicemap[grafana]'`" in done.stderr


def test_durations_are_written_as_grafana_gives_them_back() -> None:
    assert [duration(each) for each in (0, 60, 90, 3600, 3661)] == ["0s", "1m", "1m30s", "1h", "1h1m1s"]


def test_the_provisioned_data_source_is_the_published_one() -> None:
    file = ROOT / "deploy/grafana/provisioning/datasources/servicemap.yaml"
    (provisioned,) = yaml.safe_load(file.read_text())["datasources"]
    ours = data_source("$CLICKHOUSE_HOST", 0, "$CLICKHOUSE_USER", "servicemap")

    assert provisioned == {
        **ours,
        "editable": False,
        "jsonData": {**ours["jsonData"], "port": "$CLICKHOUSE_PORT"},
        "secureJsonData": {"password": "$CLICKHOUSE_PASSWORD"},
    }
