"""All that is wrong with a configuration is reported at once: setting, value, where it stands, what is allowed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from servicemap.cli import main

BAD = """
dta = "x"
log = 3
[store]
native_port = 99999
http_port = "x"
host = "0.0.0.0"
[view]
port = -1
token = 5
[collectors]
window_ms = 7
keyframe_ms = "many"
local_interfaces = ["(", 7]
proc = "/nowhere"
http = "maybe"
drian_ms = 5
[collectors.labels]
region = 5
[[services.rules]]
service = "x"
cmdline = "*"
[[services.rules]]
unit = "x"
"""
EXPECTED = [
    "dta (bad.toml): there is no such setting; did you mean data?",
    "log (bad.toml): 3 is not allowed; give a table of settings",
    "store.native_port (bad.toml): 99999 is not allowed; give a whole number from 0 to 65,535",
    'store.http_port (bad.toml): "x" is not allowed; give a whole number from 0 to 65,535',
    "store.nope (SERVICEMAP_STORE__NOPE): there is no such setting; there are url,",
    "store.host: others can reach the store on 0.0.0.0",
    "view.port (bad.toml): -1 is not allowed",
    "view.token (bad.toml): *** is not allowed; give a text",
    "collectors.window_ms (bad.toml): 7 is not allowed; give a whole number from 100 to 3,600,000",
    'collectors.keyframe_ms (bad.toml): "many" is not allowed; give a whole number of 100 or more',
    "collectors.drain_ms (SERVICEMAP_COLLECTORS__DRAIN_MS): \"1\" is not allowed",
    "collectors.drian_ms (bad.toml): there is no such setting; did you mean drain_ms?",
    "collectors.local_interfaces[1] (bad.toml): 7 is not allowed; give a text",
    "collectors.local_interfaces[0]: '(' is not a regular expression",
    "collectors.http (bad.toml): \"maybe\" is not allowed; give true or false",
    "collectors.labels.region (bad.toml): 5 is not allowed; give a text",
    "collectors.proc: no procfs is mounted at /nowhere",
    "services.rules[0].cmdline: '*' is not a regular expression",
    "services.rules[1].service (bad.toml): it has to be given",
]  # fmt: skip
ENVIRONMENT = {"SERVICEMAP_STORE__NOPE": "1", "SERVICEMAP_COLLECTORS__DRAIN_MS": "1"}
# one setting: where it is given, its value, and the error about it
ONE = [
    ("FILE", "[store]\nreader_password = 7", "store.reader_password (bad.toml): *** is not allowed; give a text"),
    ("FILE", "[log]\npartitions = -1", "log.partitions (bad.toml): -1 is not allowed; give a whole number of"),
    ("FILE", "[log]\nkeep_hours = 1.5", "log.keep_hours (bad.toml): 1.5 is not allowed; give a whole number"),
    ("FILE", "[log]\nkeep_hours = []", "log.keep_hours (bad.toml): [] is not allowed"),
    ("FILE", "collectors = []", "collectors (bad.toml): [] is not allowed; give a table of settings"),
    ("FILE", "services.rules = 1", "services.rules (bad.toml): 1 is not allowed; give a list"),
    ("FILE", "[[services.rules]]\nservice = 1", "services.rules[0].service (bad.toml): 1 is not allowed; give a text"),
    ("FILE", "[collectors]\nwindow_ms = 7000", "window_ms (7000) must divide keyframe_ms (60000): try 6000 or 7500"),
    ("FILE", "[collectors]\nhost_id = 'a b'", 'collectors.host_id (bad.toml): "a b" is not allowed; give a text'),
    ("FILE", '[store]\n"a\\u001bb" = 1', r"store.a\x1bb (bad.toml): there is no such setting"),
    ("FILE", "[", "bad.toml is not valid"),
    ("SERVICEMAP_VIEW__PORT", "99999", 'view.port (SERVICEMAP_VIEW__PORT): "99999" is not allowed'),
    ("SERVICEMAP_COLLECTORS__LOCAL_INTERFACES", "lo", 'LOCAL_INTERFACES): "lo" is not allowed; give a list'),
    ("SERVICEMAP_STOER__URL", "x", "stoer (SERVICEMAP_STOER__URL): there is no such setting; did you mean store?"),
    ("SERVICEMAP_LOG", "x", 'log (SERVICEMAP_LOG): "x" is not allowed; give a table of settings'),
]  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SERVICEMAP_COLLECTORS__DISCOVER")


def ask(text: str, *arguments: str, **environment: str) -> Result:
    Path("bad.toml").write_text(text)
    return CliRunner(env=environment).invoke(main, [*arguments, "--config", "bad.toml"])


def test_all_that_is_wrong_is_reported_at_once_in_our_words() -> None:
    result = ask(BAD, "config", "check", **ENVIRONMENT)

    assert result.exit_code == 1
    missing = [each for each in EXPECTED if f"servicemap: {each}" not in result.stderr]
    assert not missing, result.stderr
    assert len(result.stderr.splitlines()) == len(EXPECTED)


def test_programs_get_the_same_as_a_list() -> None:
    result = ask(BAD, "config", "check", "--json", **ENVIRONMENT)
    answer = json.loads(result.stdout)

    assert (result.exit_code, result.stderr, answer["ok"], len(answer["problems"])) == (1, "", False, len(EXPECTED))


@pytest.mark.parametrize("command", [["map"], ["doctor"], ["up", "--for", "0s"], ["config", "show"]], ids=" ".join)
def test_every_other_command_reports_the_first_and_counts_the_rest(command: list[str]) -> None:
    result = ask(BAD, *command)

    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert "more: `servicemap config check` lists them" in result.stderr


@pytest.mark.parametrize(("where", "given", "expected"), ONE)
def test_each_kind_of_fault_names_the_setting_the_value_and_what_is_allowed(
    where: str, given: str, expected: str
) -> None:
    result = ask(given, "config", "check") if where == "FILE" else ask("", "config", "check", **{where: given})

    assert result.exit_code == 1
    assert expected in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize("arguments", [["--window", "0"], ["--window", "2h"], ["--host-id", "a b"], ["--window", "7s"]])
def test_a_value_of_the_command_line_is_a_wrong_use(arguments: list[str]) -> None:
    result = ask("", "collect", *arguments)

    assert result.exit_code in ({1, 2} if arguments[1] == "7s" else {2})
    assert "not allowed" in result.stderr or "must divide" in result.stderr
    assert "`$" not in result.stderr
