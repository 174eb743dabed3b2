import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from log.open import open_log
from schemas.topics import HEARTBEATS, RAW
from servicemap.cli import main
from tests.e2e.pipelines import wait_until

INTERRUPTED = 130
SHORT = ("--for", "30s")


def simulate(*words: str) -> Result:
    return CliRunner().invoke(main, ["simulate", *words])


@contextmanager
def simulating(*words: str, temporary: Path, command: str = "simulate") -> Iterator["subprocess.Popen[str]"]:
    """Run the command in a process of its own; `temporary` is where it may leave folders."""
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        [sys.executable, "-m", "servicemap", command, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def beats(path: Path) -> int:
    if not path.exists():
        return 0
    with closing(open_log(path)) as log:
        return sum(info.records for info in log.topics() if info.name == HEARTBEATS.name)


def test_an_unknown_architecture_is_reported_with_those_that_come_near() -> None:
    result = simulate("lampp", "--export", "graphml", "-")
    assert result.exit_code == 1
    assert result.stderr.startswith("servicemap: there is no file and no example lampp: did you mean lamp?")
    assert len(result.stderr.splitlines()) == 1


def test_a_faulty_file_is_reported_with_the_place_of_the_fault(tmp_path: Path) -> None:
    file = tmp_path / "town.toml"
    file.write_text('name = "town"\n[[services]]\nname = "web"\ncalls = ["sho"]\n[[services]]\nname = "shop"\n')
    result = simulate(str(file), "--export", "graphml", "-")
    assert result.exit_code == 1
    assert "services[0].calls[0].to: there is no service sho: did you mean shop?" in result.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--live",), "--live needs --log"),
        (("--speed", "3"), "--speed needs --log"),
        (("--speed", "fast", "--log", "x"), "'fast' is not a speed; give 1, 10 or max"),
        (("--log", "x", "--score"), "--log and --score exclude each other"),
        (("--store", "clickhouse://a/b"), "simulate has a store of its own"),
        (("--at-least", "1"), "--at-least needs --score"),
        (("--export", "dot", "-"), "'dot' is not one of"),
    ],
)
def test_options_that_do_not_go_together_are_refused(words: tuple[str, ...], sentence: str) -> None:
    result = simulate("lamp", *words)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_fault_that_is_none_is_reported() -> None:
    result = simulate("lamp", "--export", "graphml", "-", "--faults", "kil@web:3s")
    assert (result.exit_code, result.stderr) == (
        1,
        "servicemap: kil@web:3s: there is no kind of fault kil: did you mean kill?\n",
    )


def test_a_graph_is_written_whole(tmp_path: Path) -> None:
    file = tmp_path / "lamp.graphml"
    assert simulate("lamp", *SHORT, "--export", "graphml", str(file), "--export", "zipkin", "-").exit_code == 0
    assert ElementTree.parse(file).getroot().tag.endswith("graphml")
    assert [each.name for each in tmp_path.iterdir()] == ["lamp.graphml"]


@pytest.mark.parametrize("form", ["graphjson", "zipkin"])
def test_a_format_of_json_goes_to_stdout(form: str) -> None:
    result = simulate("lamp", *SHORT, "--export", form, "-")
    assert result.exit_code == 0
    assert json.loads(result.stdout)


def test_the_same_seed_writes_the_same(tmp_path: Path) -> None:
    def names(seed: str) -> list[str]:
        found = json.loads(simulate("lamp", *SHORT, "--seed", seed, "--export", "zipkin", "-").stdout)
        return [span["id"] for span in found]

    assert names("1") == names("1") != names("2")


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    result = simulate("lamp", *SHORT, "--export", "gexf", str(tmp_path / "no" / "file"))
    assert result.exit_code == 1
    assert "No such file or directory): give another file to --export" in result.stderr


def test_records_go_into_a_log(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    result = simulate("lamp", *SHORT, "--log", str(path))
    assert result.exit_code == 0
    with closing(open_log(path)) as log:
        records = {info.name: info.records for info in log.topics()}
    assert set(records) >= {topic.name for topic in RAW}
    assert records[HEARTBEATS.name] == 6 * records["hosts"] > 0
    assert "records of 6 windows are logged" in result.stderr


def test_ctrl_c_leaves_a_log_with_what_was_due(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with simulating(
        "lamp", "--for", "1h", "--speed", "1", "--width", "1s", "--log", str(path), temporary=tmp_path
    ) as one:
        wait_until(lambda: beats(path) > 0)
        one.send_signal(signal.SIGINT)
        _, errors = one.communicate(timeout=30)
    assert one.returncode == INTERRUPTED
    assert "are logged" in errors


@pytest.mark.slow
class TestWithAStore:
    def test_a_map_is_shown_and_nothing_is_left(self, tmp_path: Path) -> None:
        with simulating("lamp", *SHORT, temporary=tmp_path) as one:
            shown, errors = one.communicate(timeout=60)
        assert one.returncode == 0, errors
        assert {"balancer", "web", "cache", "database"} <= set(shown.split())
        assert "--view shows it in the browser" in errors
        assert not [*tmp_path.iterdir()]

    def test_programs_get_the_map_of_a_level(self, tmp_path: Path) -> None:
        with simulating("lamp", *SHORT, "--json", "--level", "host", temporary=tmp_path) as one:
            found = json.loads(one.communicate(timeout=60)[0])
        assert found["level"] == "host"
        assert found["edges"]

    def test_a_score_of_all_levels_is_perfect(self, tmp_path: Path) -> None:
        with simulating("lamp", "--for", "1m", "--score", "--json", temporary=tmp_path) as one:
            found = json.loads(one.communicate(timeout=60)[0])
        assert one.returncode == 0, found["shares"]
        assert {"service", "process", "host", "zone", "address"} <= {level["level"] for level in found["levels"]}
        assert set(found["shares"].values()) == {1.0}

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_leaves_no_folder_and_no_process(self, tmp_path: Path, number: signal.Signals) -> None:
        with simulating("lamp", "--for", "3h", temporary=tmp_path) as one:
            wait_until(lambda: bool([*tmp_path.glob("servicemap-*/store/store.json")]))
            one.send_signal(number)
            one.communicate(timeout=60)
        assert one.returncode == 128 + number
        assert not [*tmp_path.iterdir()]

    def test_a_map_that_is_kept_is_shown_by_up(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        with simulating("lamp", *SHORT, "--data", str(data), temporary=tmp_path) as one:
            assert f"kept in {data}" in one.communicate(timeout=60)[1]
        assert beats(data / "log.sqlite") > 0

    def test_up_maps_a_simulated_fleet_and_not_this_machine(self, tmp_path: Path) -> None:
        ports = ("--native-port", "0", "--http-port", "0", "--view-port", "0")
        data = tmp_path / "data"
        words = ("--simulate", "lamp", "--data", str(data), *ports)
        with simulating(*words, temporary=tmp_path, command="up") as one:
            wait_until(lambda: bool(services(data)), 60)
            assert services(data) >= {"balancer", "web", "cache", "database"}
            first = beats(data / "log.sqlite")
            wait_until(lambda: beats(data / "log.sqlite") > first, 60)
            assert services(data) <= {"www", "balancer", "web", "cache", "database"}
            one.send_signal(signal.SIGINT)
            one.communicate(timeout=60)
        assert one.returncode == 0


def services(data: Path) -> set[str]:
    result = CliRunner().invoke(main, ["map", "--json", "--level", "service", "--data", str(data)])
    if result.exit_code:
        return set()
    return {node["title"] for node in json.loads(result.stdout)["nodes"]}


def test_up_refuses_an_architecture_that_there_is_not(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["up", "--simulate", "lampp", "--data", str(tmp_path / "data")])
    assert result.exit_code == 1
    assert "did you mean lamp?" in result.stderr
