"""`policy` on the town: stranger → nginx → shop → postgres, and somebody on web1 → postgres."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli import town
from tests.cli.conftest import Run, Town
from tests.programs import installed

RULED = (("postgres",), ("nginx",), ("db1", "--level", "host"), ("--overlay", "criticality=high"))
SHOP = f"service:{town.WEIRD}"


def at(settled: Town) -> tuple[str, str]:
    return "--at", f"@{settled.now / 1000}"


def test_who_may_connect_to_a_database(run: Run, settled: Town) -> None:
    result = run("policy", "postgres", *at(settled), "--only", "in", "--format", "json")
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert {(one["peer"], one["transport"], one["port"]) for one in found} >= {(SHOP, "tcp", 5432)}
    assert all(one["peer_addresses"] == ["10.0.0.1"] for one in found)
    assert all(one["node_addresses"] == ["10.0.0.2"] for one in found)


def test_people_see_both_directions_and_that_there_is_nobody(run: Run, settled: Town) -> None:
    rows = run("policy", "postgres", *at(settled)).stdout.splitlines()
    assert any("←" in row and "tcp/5432" in row for row in rows)
    assert rows[-1].split() == ["postgres", "→", "nobody"]


def test_nodes_are_chosen_by_their_annotations(run: Run, settled: Town) -> None:
    result = run("policy", "--overlay", "criticality=high", *at(settled), "--format", "json")
    assert {json.loads(line)["node"] for line in result.stdout.splitlines()} == {"service:postgres"}
    nothing = run("policy", "--overlay", "criticality=none", *at(settled))
    assert (nothing.exit_code, "has the annotation criticality=none" in nothing.stderr) == (4, True)


def test_rules_block_nothing_of_the_time_that_they_are_made_of(run: Run, settled: Town, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(run("policy", "nginx", *at(settled), "--format", "json").stdout)
    result = run("policy", "--against", str(file), *at(settled))
    assert result.exit_code == 0, result.output
    assert "would have blocked 0 edges" in result.stderr


def test_what_a_missing_rule_would_have_blocked(run: Run, settled: Town, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    lines = run("policy", "postgres", *at(settled), "--format", "json").stdout.splitlines()
    file.write_text("\n".join(line for line in lines if json.loads(line)["peer"] != SHOP))
    result = run("policy", "--against", str(file), *at(settled), "--format", "json")
    assert result.exit_code == 1
    (one,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert (one["client"], one["server"], one["blocked_at"]) == (SHOP, "service:postgres", "service:postgres")


@pytest.mark.parametrize("text", ["", "{", '{"node": 1}', '{"node": "a", "direction": "up"}', "\xff\xfe"])
def test_a_file_that_has_no_rules_is_refused_with_the_line(run: Run, text: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_bytes(text.encode("latin-1"))
    result = run("policy", "--against", str(file))
    assert result.exit_code == 2
    assert "write it with `servicemap policy --format json`" in result.stderr


def test_which_nodes_has_to_be_said(run: Run, settled: Town) -> None:
    assert run("policy").exit_code == 2
    assert run("policy", "postgres", "--overlay", "criticality=high").exit_code == 2
    near = run("policy", "postgrse", *at(settled))
    assert (near.exit_code, "did you mean postgres" in near.stderr) == (4, True)


def test_what_runs_in_no_pod_has_no_network_policy(run: Run, settled: Town) -> None:
    result = run("policy", "postgres", *at(settled), "--format", "kubernetes")
    assert (result.exit_code, "runs in a pod" in result.stderr) == (4, True)


@pytest.mark.parametrize("words", RULED, ids=" ".join)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can check a ruleset")
def test_a_ruleset_is_one_that_nft_takes(run: Run, settled: Town, words: tuple[str, ...], tmp_path: Path) -> None:
    nft = installed("nft", "nftables")
    result = run("policy", *words, *at(settled), "--format", "nftables")
    assert result.exit_code == 0, result.output
    file = tmp_path / "rules.nft"
    file.write_text(result.stdout)
    made = subprocess.run(
        ["unshare", "-n", nft, "-f", str(file), "list", "ruleset"], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    assert "accept comment" in result.stdout or words == ("nginx",)
