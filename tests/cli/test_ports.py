"""Where things listen: a usual port gives way, a requested one does not, and impossible ones are reported at once."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from servicemap.binding import Place, listen, moved
from servicemap.cli import main
from servicemap.config import Config, StoreConfig, ViewConfig
from servicemap.listening import check_places
from servicemap.options import Failure

OPTIONS = ("--native-port", "--http-port", "--view-port")
CROWDED = """
import re, socket, subprocess, sys
held = [socket.create_server(("127.0.0.1", port)) for port in (9000, 8123, 8080)]
command = [sys.executable, "-m", "servicemap"]
with subprocess.Popen([*command, "up", "--data", sys.argv[1]], stderr=subprocess.PIPE, text=True) as up:
    for line in up.stderr:
        print(line, end="")
        if "see  " in line or "stopping" in line:
            break
    print(subprocess.run([*command, "sql", "--data", sys.argv[1], "SELECT 42"], capture_output=True, text=True).stdout)
    up.terminate()
    up.stderr.read()
"""


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found.getsockname()[1]


def up(tmp_path: Path, *arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, ["up", "--data", str(tmp_path / "up"), "--for", "0s", *arguments])


@pytest.mark.parametrize("option", OPTIONS)
def test_a_port_that_was_asked_for_and_is_taken_is_refused_with_its_option(
    tmp_path: Path, taken: int, option: str
) -> None:
    result = up(tmp_path, option, str(taken))

    assert result.exit_code == 1
    assert f"127.0.0.1:{taken}, another program does" in result.stderr
    assert option in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "up").exists()


def test_a_certificate_that_cannot_be_used_is_refused_before_anything_starts(tmp_path: Path) -> None:
    result = up(tmp_path, SERVICEMAP_STORE__CERTIFICATE="/nowhere")

    assert result.exit_code == 1
    assert result.stderr == "servicemap: cannot read store.certificate /nowhere: No such file or directory\n"


@pytest.mark.parametrize("number", ["65536", "99999", "-1", "9" * 30, "8080.5", "http", "", " ", "\uff18\uff10"])
@pytest.mark.parametrize(
    "arguments",
    [*(["up", option] for option in OPTIONS), ["view", "--port"], ["sql", "SELECT 1", "--http-port"]],
    ids=" ".join,
)
def test_a_number_that_is_no_port_is_a_wrong_use(arguments: list[str], number: str) -> None:
    result = CliRunner().invoke(main, [*arguments, number])

    assert result.exit_code == 2
    assert f"{number!r} is not a port; give a number up to 65535" in result.stderr


@pytest.mark.parametrize("letter", ":?&=#%")
def test_a_directory_that_the_engine_cannot_have_is_refused_at_once(tmp_path: Path, letter: str) -> None:
    result = CliRunner().invoke(main, ["up", "--data", str(tmp_path / f"a{letter}b"), "--for", "0s"])

    assert result.exit_code == 1
    assert "choose a --data directory without any of" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["STORE__NATIVE_PORT", "STORE__HTTP_PORT", "VIEW__PORT"])
def test_a_number_in_the_environment_is_refused_as_well(tmp_path: Path, name: str) -> None:
    result = up(tmp_path, **{f"SERVICEMAP_{name}": "99999"})

    assert result.exit_code != 0
    assert name.lower().replace("__", ".") in result.stderr
    assert not (tmp_path / "up").exists()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(store=StoreConfig(host="192.0.2.7")), "store.host"),
        (Config(view=ViewConfig(host="192.0.2.7", port=0)), "view.host"),
        (Config(view=ViewConfig(host="no.such.name.invalid", port=0)), "view.host"),
        (Config(store=StoreConfig(native_port=7070, http_port=7070)), "--native-port and --http-port are both 7070"),
        (Config(store=StoreConfig(http_port=7071), view=ViewConfig(port=7071)), "--view-port are both 7071"),
    ],
)
def test_what_cannot_be_listened_on_is_reported_with_the_setting_of_it(config: Config, expected: str) -> None:
    with pytest.raises(Failure) as failure:
        check_places(config)

    assert expected in str(failure.value)


def test_a_usual_port_gives_way_and_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder, ExitStack() as held:
        usual = holder.getsockname()[1]
        place = Place("the store", "127.0.0.1", None, usual, "--native-port", "store.native_port")
        found = [held.enter_context(closing(listen(place))).getsockname()[1] for _ in range(3)]

    assert usual not in found
    assert len(set(found)) == 3
    assert moved(place, found[0]) == f"port {usual} is taken, so the store has {found[0]} (--native-port sets it)"
    assert moved(place, usual) == moved(place._replace(port=0), found[0]) == ""


@pytest.mark.root
def test_up_beside_others_moves_every_usual_port_and_is_found_there(tmp_path: Path) -> None:
    script = f'ip link set lo up && exec "{sys.executable}" -c "$0" "$1"'
    answer = subprocess.run(
        ["unshare", "-n", "sh", "-c", script, CROWDED, str(tmp_path / "up")], capture_output=True, text=True, timeout=90
    ).stdout

    assert "127.0.0.1:8081/" in answer
    assert "clickhouse://127.0.0.1:9001 and http://127.0.0.1:8124" in answer
    for port, option in zip((9000, 8123, 8080), OPTIONS, strict=True):
        assert f"port {port} is taken" in answer
        assert option in answer
    assert answer.splitlines()[-2:] == ["42", ""]


@pytest.mark.root
def test_a_namespace_without_a_way_to_itself_is_reported_in_a_sentence(tmp_path: Path) -> None:
    command = ["unshare", "-n", sys.executable, "-m", "servicemap", "up", "--data", str(tmp_path / "up")]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert answer.returncode == 1
    assert "ip link set lo up" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
