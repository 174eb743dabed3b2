"""A map in the formats of other programs, each read back as its readers do."""

import csv
import io
import json
import re
from pathlib import Path

import networkx as nx
import pytest

from schemas.text import shown
from servicemap.exports import FORMATS
from tests.cli import town
from tests.cli.conftest import Run, Town

SHOP = shown(f"service:{town.WEIRD}")
ARROWS = {("service:nginx", SHOP), (SHOP, "service:postgres"), (SHOP, SHOP), ("address:203.0.113.9", "service:nginx")}


def exported(run: Run, settled: Town, form: str, *more: str) -> str:
    result = run("export", "--format", form, "--at", f"@{settled.now / 1000}", *more)
    assert result.exit_code == 0, result.output
    text: str = result.stdout
    return text


def test_graphml_has_all_edges_with_what_they_carry(run: Run, settled: Town) -> None:
    made = nx.parse_graphml(exported(run, settled, "graphml"), force_multigraph=True)
    assert set(made.edges()) >= ARROWS
    (data,) = made.get_edge_data(SHOP, "service:postgres").values()
    assert data["bytes_to_server"] == town.SENT * town.WINDOWS
    assert made.nodes["service:postgres"]["label"] == "postgres"


def test_gexf_has_all_edges(run: Run, settled: Town) -> None:
    made = nx.read_gexf(io.BytesIO(exported(run, settled, "gexf").encode()))
    assert set(made.edges()) >= ARROWS


def test_json_is_that_of_map(run: Run, settled: Town) -> None:
    at = f"@{settled.now / 1000}"
    mapped = run("map", "--json", "--level", "service", "--at", at).stdout
    assert json.loads(exported(run, settled, "json")) == json.loads(mapped)


def test_csv_has_a_row_for_each_edge(run: Run, settled: Town) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(run, settled, "csv"))))
    assert {(row["client_id"], row["server_id"]) for row in rows} >= ARROWS
    assert {row["port"] for row in rows} >= {"443", "8000", "5432"}


def test_mermaid_draws_every_edge_and_no_name_ends_a_label(run: Run, settled: Town) -> None:
    first, *lines = exported(run, settled, "mermaid").splitlines()
    assert first == "flowchart LR"
    shapes = re.compile(r'  (n\d+\["[^"<>`]*"\]|n\d+ -->\|"[^"<>`]*"\| n\d+|linkStyle \d+ \S+)')
    assert all(shapes.fullmatch(line) for line in lines), lines


def test_structurizr_has_each_pair_once_and_distinct_names(run: Run, settled: Town) -> None:
    text = exported(run, settled, "structurizr")
    names = re.findall(r'^    n\d+ = \w+ ("(?:[^"\\]|\\.)*")', text, re.MULTILINE)
    arrows = re.findall(r'^    (n\d+) -> (n\d+) (".*?")', text, re.MULTILINE)
    assert len(names) == len(set(names)) >= 4
    assert len(arrows) == len(set(arrows)) >= 3
    assert all(client != server for client, server, _ in arrows)
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_can_be_written_to_a_file_and_does_nothing_to_a_terminal(
    run: Run, settled: Town, tmp_path: Path, form: str
) -> None:
    out = tmp_path / "map"
    assert exported(run, settled, form, "--out", str(out)) == ""
    text = out.read_text()
    assert text
    assert "\x1b" not in text


def test_an_empty_map_leaves_no_file(run: Run, settled: Town, tmp_path: Path) -> None:
    out = tmp_path / "map.dot"
    result = run(
        "export", "--format", "dot", "--service", "nobody", "--at", f"@{settled.now / 1000}", "--out", str(out)
    )
    assert result.exit_code == 4
    assert not out.exists()
