"""HTTP on the map of the command line: shown for edges that have it, and left out otherwise."""

import json
import time
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import fields
from rich.console import Console

from graph.counters import NAMES
from graph.levels import LEVELS
from graph.model import Edge, Node, ServiceMap
from servicemap.cli import main
from servicemap.map_text import HEADINGS, REQUEST_HEADINGS, headings, rows, table
from tests.cli import town
from tests.cli.conftest import Run, fill, running_store
from tests.view.serving import Past

Map = Callable[..., str]
SHOP = r'"service:sh\"op\\n�[31m"'


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Map]:
    """Print maps of the town, whose nginx sends the shop four requests a window: one fails, and each takes 2 ms."""
    data = tmp_path_factory.mktemp("asked")
    now = town.end_of(int(time.time() * 1000))
    with running_store(data / "store") as facts:
        fill(data / "store", facts, now)
        Past(data, now, facts).store_requests(now)

        def read(*arguments: str) -> str:
            result = CliRunner().invoke(main, ["map", "--data", str(data), "--at", f"@{now / 1000}", *arguments])
            assert result.exit_code == 0, result.stderr
            return result.stdout

        yield read


def http(edges: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Return the HTTP fields of edges, by port."""
    names = ("requests", "errors", "unseen", "error_share", "sampling", "p50_ms", "p99_ms")
    return {edge["server_port"]: {name: edge[name] for name in names if name in edge} for edge in edges}


@pytest.mark.parametrize("level", LEVELS)
def test_edges_have_their_requests_for_programs_at_every_level(asked: Map, level: str) -> None:
    found = http(json.loads(asked("--json", "--level", level))["edges"])

    answer = found.pop(8000)
    assert not any(found.values())
    assert (answer["requests"], answer["errors"]) == (4 * town.WINDOWS, town.WINDOWS)
    assert (answer["unseen"], answer["error_share"], answer["sampling"]) == (0, 0.25, 1)
    assert answer["p50_ms"] == answer["p99_ms"] == pytest.approx(2, rel=0.02)


def test_people_get_rates_and_shares_and_empty_cells_without_http(asked: Map) -> None:
    heading, *lines = asked().splitlines()

    assert heading.split() == [*HEADINGS, "REQ/S", "ERRORS", "P50", "P99", "HEALTH"]
    (line,) = [line for line in lines if "tcp/8000" in line]
    assert line.split("ms", 1)[1].split() == ["0.8", "25.0", "%", "2.0", "ms", "2.0", "ms", "bad"]
    assert line == lines[0]  # the failing ones come first
    assert all(len(line.rstrip()) < len(heading) - 20 for line in lines if "tcp/8000" not in line)


def test_without_http_its_columns_are_left_out(run: Run) -> None:
    assert run("map").stdout.splitlines()[0].split() == [*HEADINGS]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_narrow_terminal_shows_requests_errors_and_times_and_cuts_names(width: int) -> None:
    numbers = ("tcp/8000", "12", "120", "0", "123.8 KiB", "123.8 KiB", "1.1 ms", "120.5", "25.0 %", "2.0 ms", "12.5 ms")
    screen = Console(width=width, file=StringIO())
    with screen.capture() as shown:
        rows = [("nginx.service", "shop.service", *numbers)]
        screen.print(table("the last minute", (*HEADINGS, *REQUEST_HEADINGS), rows, width))

    _, heading, row = shown.get().splitlines()
    assert {"FAILED", "REQ/S", "ERRORS", "P99"} <= set(heading.split())
    assert "NEW" not in heading
    client, server, *rest = row.split()
    assert client.startswith("nginx")
    assert server.startswith("shop")
    assert "…" not in "".join(rest)
    assert row.split()[-5:] == ["120.5", "25.0", "%", "12.5", "ms"]


def test_a_wide_terminal_shows_all_columns() -> None:
    made = table("", (*HEADINGS, *REQUEST_HEADINGS), [("",) * 13], 140)
    assert [column.header for column in made.columns] == [*HEADINGS, *REQUEST_HEADINGS]


def test_an_edge_whose_requests_fail_is_red_for_graphviz_and_others_are_not(asked: Map) -> None:
    lines = [line for line in asked("--dot").splitlines() if "->" in line]

    (red,) = [line for line in lines if "color" in line]
    label = "tcp/8000  0.8 req/s  25.0 % errors"
    assert red.strip() == f'"service:nginx" -> {SHOP} [label="{label}", style=dashed, color=red, fontcolor=red];'


def edge(port: int, **known: Any) -> Edge:
    """Return an edge between two services, about which nothing but its port is known."""
    blank: dict[type, Any] = {str: "", int: 0, float: 1.0, bool: False, dict[str, int]: dict.fromkeys(NAMES, 0)}
    required = {field.name: blank[field.type] for field in fields(Edge) if field.required}
    return Edge(**required | {"client": "a", "server": "b", "transport": "tcp", "server_port": port} | known)


def test_what_servers_speak_has_a_column_where_it_is_known_of_any() -> None:
    ends = [Node(id=name, kind="service", title=name) for name in "ab"]
    unknown, known = (
        edge(1),
        edge(6379, protocol="redis", requests=4, errors=1, error_share=0.25, p50_ms=0.05, p99_ms=1.25),
    )
    both = ServiceMap(start="", end="", level="service", nodes=ends, edges=[unknown, known])
    one = ServiceMap(start="", end="", level="service", nodes=ends, edges=[unknown])

    assert headings(both) == (*HEADINGS, "PROTOCOL", *REQUEST_HEADINGS)
    assert [row[-5:] for row in rows(both)] == [("",) * 5, ("redis", "4.0", "25.0 %", "0.05 ms", "1.2 ms")]
    assert headings(one) == HEADINGS
