"""Every command that a page shows is one that can be given; those that only look are run against a store and a log."""

import contextlib
import importlib.util
import io
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from log.open import open_log
from log.protocol import Record
from log.settings import LogSettings
from schemas.topics import BY_NAME
from servicemap.cli import main
from servicemap.options import NOTHING_MATCHES
from sinks.address import Address
from sinks.store import Store
from tests.cli import town
from tests.cli.conftest import Town, fill, running_store
from tests.docs.pages import GENERATED, PAGES, ROOT, SHELLS, Command, blocks, commands

WRITTEN = [page for page in PAGES if page.parent != GENERATED]
COMMANDS = commands(WRITTEN)
OURS = [command for command in COMMANDS if Path(command.words[0]).name == "servicemap"]
LOOKING = {"map", "diff", "facts", "sql", "log", "doctor", "config"}
# Other people's programs that pages may speak of. One that is missing here is either misspelt or to be added.
OTHERS = """
cd cp mkdir mv rm cat echo export kill sleep chown chmod head tail tee less grep sed install source . for done
git pip pipx uv python python3 npm npx node
apt-get systemctl journalctl systemd-run ip nsenter setcap getcap modprobe timedatectl setpriv unshare sysctl
docker kubectl nft curl wget jq dot ssh scp openssl
clickhouse-client clickhouse grafana-cli grafana-server kafka-topics.sh kafka-console-consumer.sh
nginx redis-cli psql pgbench wrk ab xdg-open open zstd
"""
COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
TAKES_SERVICES = {"up", "logs", "restart", "stop", "start", "kill", "ps", "pull", "build"}
TAKES_A_SERVICE = {"exec", "run"}


@pytest.mark.parametrize("command", OURS, ids=str)
def test_a_command_of_ours_is_understood(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click.File, "convert", lambda *_: io.StringIO())  # a file that only the reader has
    try:
        understand(main, "servicemap", list(command.words[1:]))
    except click.MissingParameter:
        assert command.inline, f"{command}: something has to be given with it"
    except click.BadParameter as error:
        if "…" not in str(command):
            pytest.fail(f"{command}: {error.format_message()}")
    except click.UsageError as error:
        pytest.fail(f"{command}: {error.format_message()}")
    topic = re.search(r" log read (\S+)", str(command))
    assert not topic or topic[1] in BY_NAME, f"{command}: there is no such topic"


def understand(command: click.Command, name: str, words: list[str], parent: click.Context | None = None) -> None:
    """Let click read the words of a command down to its last option; UsageError when it cannot."""
    try:
        context = command.make_context(name, words, parent)
    except click.exceptions.Exit:  # --help, --version
        return
    except click.exceptions.NoArgsIsHelpError:
        return
    if isinstance(command, click.Group):
        inner, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        understand(found, str(inner), rest, context)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in OURS], ids=str)
def test_another_command_exists(command: Command) -> None:
    program, *arguments = command.words
    program = Path(program).name
    if program == "make":
        goals = [word for word in arguments if "=" not in word and not word.startswith("-")]
        targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M))
        assert set(goals) <= targets, f"{command}: the Makefile has no such target"
    elif program.startswith("python") and arguments[:1] == ["-m"]:
        assert importlib.util.find_spec(arguments[1]), f"{command}: there is no module {arguments[1]}"
    elif command.words[:2] == ("docker", "compose"):
        composes(command, arguments[1:])
    else:
        assert program in OTHERS.split(), f"{command}: {program} is not known; correct it, or add it to OTHERS here"


def composes(command: Command, arguments: list[str]) -> None:
    """Check that the files a `docker compose` names exist, and that its services are theirs."""
    rest = iter(arguments)
    files = []
    action = ""
    for word in rest:
        if word in {"-f", "--file"}:
            named = next(rest)
            files.append(ROOT / "deploy" / named if (ROOT / "deploy" / named).exists() else ROOT / named)
        elif word in {"-p", "--project-name", "--profile", "--env-file", "--project-directory"}:
            next(rest)
        elif not word.startswith("-"):
            action = word
            break
    found = files or [ROOT / folder / name for folder in (".", "deploy") for name in COMPOSE_FILES]
    existing = [file for file in found if file.exists()]
    assert existing, f"{command}: there is no such compose file"
    assert not files or existing == files, f"{command}: one of its files does not exist"
    services = {name for file in existing for name in yaml.safe_load(file.read_text()).get("services", {})}
    asked = [word for word in rest if re.fullmatch(r"[a-z][\w-]*", word)]
    if action in TAKES_A_SERVICE:
        asked = asked[:1]
    if action in TAKES_SERVICES | TAKES_A_SERVICE:
        assert set(asked) <= services, f"{command}: of {sorted(services)} there is no {sorted(set(asked) - services)}"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A data directory whose store holds a minute of a small town, and whose log has what the sink read."""
    data = tmp_path_factory.mktemp("data")
    with running_store(data / "store") as facts:
        now = town.end_of(int(time.time() * 1000))
        fill(data / "store", facts, now)
        with contextlib.closing(open_log(str(data / "log.sqlite"))) as log:
            log.create(LogSettings().topics())
            for record in town.records(now):
                assert isinstance(record, Record)
                log.append(record.topic, record.key or b"", record.value or b"")
            log.flush()
        yield Town(data, now, facts["native_port"], facts["http_port"])


def looks(command: Command) -> bool:
    """Return whether a command only looks, ends by itself and speaks of this machine."""
    elsewhere = {"--log", "--store", "--data", "--config", "--follow", "--file", "-f"} & set(command.words)
    writes = command.words[1:3] in {("log", "export"), ("log", "import")}
    return command.words[1] in LOOKING and not elsewhere and not writes and "…" not in str(command)


@pytest.mark.parametrize("command", [command for command in OURS if not command.inline and looks(command)], ids=str)
def test_a_command_that_looks_does_so(command: Command, here: Town) -> None:
    result = answer(command.words[1:], here)
    fine = {
        "doctor": {0, 3},
        "map": {0, NOTHING_MATCHES},
        "diff": {0, NOTHING_MATCHES},
        "facts": {0, NOTHING_MATCHES},
    }.get(command.words[1], {0})  # a page's times are not the town's
    assert result.exit_code in fine, f"{command}: {result.output}"


@cache
def answer(words: tuple[str, ...], here: Town) -> Any:
    """Give the answer to a command; the same is asked once."""
    environment = {
        "SERVICEMAP_DATA": str(here.data),
        "SERVICEMAP_STORE__NATIVE_PORT": str(here.native_port),
        "SERVICEMAP_STORE__HTTP_PORT": str(here.http_port),
    }
    return CliRunner(env=environment).invoke(main, list(words))


@pytest.mark.parametrize("block", blocks({"sql"}, WRITTEN), ids=lambda block: block.page.name)
def test_sql_that_is_shown_is_understood_by_the_store(block: Any, here: Town) -> None:
    folder = here.data / "store"
    store = Store(Address("127.0.0.1", here.native_port, "servicemap", "", "servicemap", folder / "store.token"))
    for statement in filter(str.strip, block.text.split(";")):
        reads = re.match(r"\s*(SELECT|WITH|SHOW|DESCRIBE)\b", statement, re.I)
        store.query(statement if reads else f"EXPLAIN AST {statement}")
    store.close()


def test_the_pages_show_commands_at_all() -> None:
    assert len(OURS) > 20
    assert blocks(SHELLS)
