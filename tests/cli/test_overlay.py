"""`servicemap overlay` writes into the log what is said of nodes and edges, and prints what holds."""

import json
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from log.connect import connect
from log.open import open_log
from log.settings import LogSettings
from schemas.overlays import Annotation
from servicemap.cli import main
from servicemap.overlays.book import Book
from servicemap.overlays.writing import Writing
from tests.cli import town
from tests.cli.conftest import Run, Town

OWNER = {"title": "Who owns it", "type": "object", "required": ["team"], "properties": {"team": {"type": "string"}}}
Say = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data directory with a log in which nothing is said yet."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    connect(LogSettings(url=str(folder / "log.sqlite"))).close()
    return folder


@pytest.fixture
def say(data: Path, tmp_path: Path) -> Say:
    """Run `overlay`; the overlay `owner` is registered."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["overlay", *arguments, "--data", str(data)])

    schema = tmp_path / "owner.json"
    schema.write_text(json.dumps(OWNER))
    assert run("register", "owner", "--schema", str(schema)).exit_code == 0
    return run


def book(data: Path) -> Book:
    """Return what the log says."""
    with closing(open_log(data / "log.sqlite")) as log:
        found = Book(log)
        found.refresh()
    return found


def standing(data: Path) -> list[Annotation]:
    return sorted(book(data).annotations(), key=lambda one: (one.overlay, one.target, one.valid_from))


def test_what_is_said_stands_in_the_log_from_now_on(say: Say, data: Path) -> None:
    result = say("set", "owner", "host=web1, service=redis*", '{"team": "blue"}', "--author", "ana")

    assert (result.exit_code, result.output) == (0, "")
    (one,) = standing(data)
    assert (one.target, one.value, one.author) == ("host=web1,service=redis*", {"team": "blue"}, "ana")
    assert (one.valid_from > 0, one.valid_to, one.valid_from <= one.written) == (True, 0, True)


def test_an_end_leaves_what_was_true_before(say: Say, data: Path) -> None:
    say("set", "owner", "service=a", '{"team": "blue"}', "--from", "2026-05-01T00:00Z")
    assert say("unset", "owner", "service=a", "--at", "2026-06-01T00:00Z").exit_code == 0

    (one,) = standing(data)
    assert (one.holds(1_779_000_000_000), one.holds(1_785_000_000_000)) == (True, False)


def test_what_was_wrong_is_taken_back(say: Say, data: Path) -> None:
    say("set", "owner", "service=a", '{"team": "blue"}', "--from", "2026-05-01T00:00Z")
    assert say("unset", "owner", "service=a", "--ever").exit_code == 0
    assert standing(data) == []

    result = say("unset", "owner", "service=a")
    assert (result.exit_code, result.stderr) == (
        4,
        "servicemap: owner says nothing of service=a: see `servicemap overlay show`\n",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("owner", "service=a", "blue"), "owner of service=a breaks its schema: 'blue' is not of type 'object'"),
        (("owner", "service=a", '{"team": 1}'), "owner of service=a breaks its schema: at team, 1 is not of type"),
        (("owner", "service=a", "{}"), "owner of service=a breaks its schema: 'team' is a required property"),
        (("owner", "redis", '{"team": "b"}'), "redis is no selector: give the id of a node, service=redis*, or"),
        (("ownr", "service=a", "1"), "there is no overlay ownr: did you mean owner?; `servicemap overlay register"),
        (("Ow ner", "service=a", "1"), "this cannot be written: Expected `str` matching regex"),
        (
            ("owner", "service=a", '{"team": "b"}', "--from", "2026-05-01", "--to", "2026-05-01"),
            "owner of service=a ends before it begins",
        ),
        (("owner", "service=a", json.dumps({"team": "b" * 70_000})), "more than the 65,536 that are kept"),
    ],
)
def test_what_is_refused_gets_one_sentence_and_changes_nothing(
    say: Say, data: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    result = say("set", *arguments)

    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert sentence in result.stderr
    assert standing(data) == []


def test_a_schema_that_is_none_or_that_something_breaks_is_refused(say: Say, data: Path, tmp_path: Path) -> None:
    say("set", "owner", "service=a", '{"team": "blue"}')
    for schema, sentence in {
        '{"type": "objekt"}': "the schema of owner is no JSON Schema: at type, 'objekt' is not valid",
        '{"type": "string"}': "owner of service=a breaks its schema: {'team': 'blue'} is not of type 'string'",
        "[1]": "is no JSON Schema",
        "{": "is no JSON Schema",
    }.items():
        (tmp_path / "new.json").write_text(schema)
        result = say("register", "owner", "--schema", str(tmp_path / "new.json"))
        assert (result.exit_code, sentence in result.stderr) == (1, True), result.stderr
    assert book(data).schemas()["owner"].schema == OWNER


def test_a_schema_fetches_nothing(say: Say, tmp_path: Path) -> None:
    (tmp_path / "remote.json").write_text('{"$ref": "http://127.0.0.1:9/schema.json"}')
    assert say("register", "remote", "--schema", str(tmp_path / "remote.json")).exit_code == 0

    result = say("set", "remote", "service=a", "1")
    assert (result.exit_code, "the schema of remote cannot be used" in result.stderr) == (1, True), result.stderr


FILE = """
schema.type = "object"
schema.required = ["team"]

[[annotations]]
target = "service=redis*"
value = { team = "blue" }

[[annotations]]
target = "service=shop"
value = { team = "red" }
from = 2026-05-01T00:00:00Z
"""


def changes(result: Result) -> list[tuple[str, str]]:
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return [(one["change"], one.get("target", one["overlay"])) for one in found]


def test_a_folder_is_brought_in_once_and_what_it_no_longer_says_ends(say: Say, data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "said"
    folder.mkdir()
    (folder / "team.toml").write_text(FILE)
    (folder / "README.md").write_text("about them")
    added = [("registered", "team"), ("added", "service=redis*"), ("added", "service=shop")]

    assert changes(say("apply", str(folder), "--dry-run", "--json")) == added
    assert standing(data) == []
    assert changes(say("apply", str(folder), "--json")) == added
    assert changes(say("apply", str(folder), "--json")) == []
    say("set", "team", "service=other", '{"team": "grey"}')
    (folder / "team.toml").write_text(FILE.replace("blue", "green").replace("service=shop", "service=web"))

    assert changes(say("apply", str(folder), "--json")) == [
        ("added", "service=redis*"),
        ("added", "service=web"),
        ("ended", "service=redis*"),
        ("ended", "service=shop"),
    ]
    now = max(one.written for one in standing(data))
    assert {(one.target, one.value["team"]) for one in standing(data) if one.holds(now)} == {
        ("service=other", "grey"),
        ("service=redis*", "green"),
        ("service=web", "red"),
    }
    assert {one.value["team"] for one in standing(data) if one.holds(1_780_000_000_000)} >= {"red"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (FILE.replace('{ team = "red" }', '{ tea = "red" }'), "team of service=shop breaks its schema: 'team' is a"),
        (FILE.replace("service=shop", "service=redis*").replace("from =", "#"), "team of service=redis* is said twice"),
        (FILE.replace("target", "traget"), "team.toml says nothing that can be used: Object contains unknown field"),
        ("[", "team.toml says nothing that can be used"),
    ],
)
def test_a_folder_with_something_wrong_changes_nothing(
    say: Say, data: Path, tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "said").mkdir()
    (tmp_path / "said" / "team.toml").write_text(text)

    result = say("apply", str(tmp_path / "said"))
    assert (result.exit_code, sentence in result.stderr) == (1, True), result.stderr
    assert (standing(data), list(book(data).schemas())) == ([], ["owner"])


def test_writers_at_once_lose_nothing_and_each_word_is_later_than_the_one_before(data: Path, say: Say) -> None:
    def write(number: int) -> None:
        with closing(open_log(data / "log.sqlite")) as log:
            writing = Writing(log, data, lambda: 1_000 - number)  # clocks differ
            for step in range(5):
                writing.annotate("owner", "service=a", {"team": f"{number}.{step}"}, "", 0)
                writing.annotate("owner", f"service=own{number}.{step}", {"team": "b"}, "", 0)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(standing(data)) == 1 + 4 * 5
    (contested,) = [one for one in standing(data) if one.target == "service=a"]
    assert contested.written == max(one.written for one in standing(data))
    assert contested.written >= 1_000 + 20 - 4 - 1  # each was later than all before, whatever its writer's clock


def test_overlays_and_annotations_are_printed(run: Run, settled: Town) -> None:
    assert run("overlay", "list").stdout.splitlines()[1:] == [
        "criticality            1  How critical it is",
        "essential              1  Whether it is needed",
        "owner                  1  Who owns it",
    ]
    found = [json.loads(line) for line in run("overlay", "show", "--json").stdout.splitlines()]
    assert {(one["overlay"], one["target"]) for one in found} == {
        ("criticality", "service=postgres"),
        ("essential", "service=nginx > *"),
        ("owner", "label.zone=b"),
    }
    assert run("overlay", "show", "owner", "--at", "2020-01-01").exit_code == 4
    assert "did you mean owner" in run("overlay", "show", "ownr").stderr


def mapped(result: Result) -> tuple[dict[str, Any], list[Any]]:
    found = json.loads(result.stdout)
    nodes = {node["title"]: node["annotations"] for node in found["nodes"] if "annotations" in node}
    return nodes, [edge["annotations"] for edge in found["edges"] if "annotations" in edge]


def test_a_map_has_the_annotations_of_its_time(run: Run) -> None:
    nodes, edges = mapped(run("map", "--json", "--level", "service"))

    assert (nodes["postgres"], nodes["nginx"]) == ({"criticality": "high"}, {"owner": {"team": "blue"}})
    assert edges == [{"essential": True}]
    rows = run("sql", "SELECT overlay, target, text, valid_to FROM overlays ORDER BY overlay").stdout.splitlines()
    assert rows[0].split("\t") == ["criticality", "service=postgres", "high", "\\N"]
    assert rows[2].split("\t")[2] == '{"team":"blue"}'


def test_a_map_is_narrowed_to_an_annotation(run: Run) -> None:
    result = run("map", "--json", "--level", "service", "--overlay", "owner.team=blue")
    assert {node["title"] for node in json.loads(result.stdout)["nodes"]} >= {"nginx", "postgres"}
    (edge,) = json.loads(run("map", "--json", "--level", "service", "--overlay", "essential").stdout)["edges"]
    assert (edge["client"], edge["server"]) == ("service:nginx", f"service:{town.WEIRD}")

    nothing = run("map", "--overlay", "owner.team=red")
    assert (nothing.exit_code, "has the annotation owner.team=red" in nothing.stderr) == (4, True)
