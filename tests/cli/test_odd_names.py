"""What somebody else named, or typed in other bytes than UTF-8, ends no command and does nothing to a terminal."""

import io
import json
import re
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from graph.model import Node, ServiceMap
from graph.nodes import Nodes
from schemas.ids import host_node, service_node
from schemas.text import to_text
from servicemap.cli import main
from servicemap.exports.dot import text as dot
from servicemap.map_text import headings, plain, rows, table

NO_TEXT = ["\udcff", "\udcff\x1b[2J"]
ODD = [*NO_TEXT, "a\nb"]
DOT_STRING = r'"(?:[^"\\]|\\.)*"'
DOT_NODE = re.compile(rf"  {DOT_STRING} \[label={DOT_STRING}, tooltip={DOT_STRING}, shape=\w+\];")
NAMES = st.one_of(
    st.binary(max_size=12),
    st.sampled_from(
        [b"host:web-1", b"process:h:b:1:2", b"[bold]x[/]", b'"];}', b"\\", b"\\N", b"a b", b"", b":", b"\t"]
    ),
)


COMMANDS = [
    ["config", "show", "--data", "{}"],
    ["config", "show", "--json", "--log", "{}"],
    ["config", "check", "--json", "--data", "{}"],
    ["config", "show", "--config", "{}"],
    ["config", "show", "--store", "clickhouse://{}@h/x"],
    ["doctor", "--log", "kafka://{}"],
    ["map", "--data", "{}"],
    ["map", "--at", "{}"],
    ["log", "topics", "--log", "{}"],
    ["log", "read", "{}", "--data", "{}"],
    ["{}"],
]
STARTING = [
    ["up", "--for", "1s", "--data", "{}"],
    ["up", "--for", "1s", "--log", "{}"],
]


@pytest.mark.parametrize(
    ("arguments", "odd"),
    [*product(COMMANDS, ODD), *product(STARTING, NO_TEXT)],  # a folder named with other odd text is as good as any
)
def test_arguments_of_any_bytes_are_shown_or_refused_in_a_sentence(
    tmp_path: Path, arguments: list[str], odd: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {"SERVICEMAP_DATA": str(tmp_path / "data")}
    result = CliRunner(env=environment).invoke(main, [word.format(odd, odd) for word in arguments])

    assert isinstance(result.exception, SystemExit | None), result.exception
    assert "Traceback" not in result.output
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "name", ["COLLECTORS__LABELS__ZONE", "COLLECTORS__PROC", "DATA", "STORE__HOST", "X{}", "VIEW__{}"]
)
def test_variables_of_any_bytes_are_shown_or_refused_in_a_sentence(name: str, odd: str) -> None:
    environment = {f"SERVICEMAP_{name.format(odd)}": odd}
    result = CliRunner(env=environment).invoke(main, ["config", "show", "--json"])

    assert isinstance(result.exception, SystemExit | None), result.exception
    assert "Traceback" not in result.output
    for line in result.stdout.splitlines():
        assert json.loads(line)


@pytest.mark.parametrize("text", [b'data = "\xff"', b"\xff", b"\xfe\xff\0a", b"[" * 100_000])
@pytest.mark.parametrize("name", ["c.toml", "c.json"])
def test_a_file_of_any_bytes_is_refused_in_a_sentence(tmp_path: Path, name: str, text: bytes) -> None:
    (tmp_path / name).write_bytes(text)
    result = CliRunner().invoke(main, ["config", "show", "--config", str(tmp_path / name)])

    assert isinstance(result.exception, SystemExit)
    assert "is not valid" in result.stderr


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_a_map_of_any_names_is_safe_in_every_form(raw: list[bytes]) -> None:
    found = Nodes({"h": to_text(raw[0])}, {})
    for one in map(to_text, raw):
        found.add(service_node(one), ["h"], one, "", "")
        found.add(f"container:h:{one}", ["h"], "s", one, one)
        found.add(host_node("h"), ["h"], "", "", "")
    drawn = ServiceMap(
        start="2026-01-01T00:00:00Z", end="2026-01-01T00:01:00Z", level="service", nodes=found.in_order(), edges=[]
    )

    lines = dot(drawn).split("\n")[3:-2]
    assert len(lines) == len(drawn.nodes)
    assert all(DOT_NODE.fullmatch(line) for line in lines)
    cells = rows(drawn)
    text = plain(headings(drawn), cells)
    assert len(text.splitlines()) == len(drawn.nodes) + 1
    assert all(line.isprintable() for line in text.split("\n"))
    console = Console(width=200, file=io.StringIO())
    console.print(table("t", headings(drawn), cells, 200))
    assert all(node.kind == node.id.partition(":")[0] for node in drawn.nodes)


@given(NAMES)
def test_a_name_that_looks_like_another_nodes_stays_a_name(raw: bytes) -> None:
    name = to_text(raw)
    found = Nodes({}, {})
    found.add(service_node(name), [], name, "", "")
    (node,) = found.in_order()

    assert node == Node(id=f"service:{name}", kind="service", title=name, service=name)
