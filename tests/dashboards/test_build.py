"""The files of the dashboards are what the code makes."""

import json
from pathlib import Path

from click.testing import CliRunner

from servicemap.building import built
from servicemap.cli import main

ROOT = Path(__file__).parent.parent.parent


def test_the_files_of_the_checkout_are_what_the_code_makes() -> None:
    done = CliRunner().invoke(main, ["dashboards", "build", "--check"])

    assert done.exit_code == 0, done.output


def test_no_dashboard_is_left_over_from_earlier_code() -> None:
    made = {path.name for path in built() if path.parent.name == "dashboards"}
    assert {file.name for file in (ROOT / "dashboards/grafana/golden").iterdir()} == made


def test_files_are_written_where_grafana_looks_for_them_and_then_are_as_built(tmp_path: Path) -> None:
    written = CliRunner().invoke(main, ["dashboards", "build", "--out", str(tmp_path)])
    checked = CliRunner().invoke(main, ["dashboards", "build", "--out", str(tmp_path), "--check"])

    assert (written.exit_code, checked.exit_code) == (0, 0)
    assert json.loads((tmp_path / "dashboards" / "servicemap-service.json").read_text())["title"] == "Service"
    assert (tmp_path / "provisioning" / "alerting" / "rules.yaml").is_file()


def test_a_file_that_was_changed_by_hand_is_named(tmp_path: Path) -> None:
    CliRunner().invoke(main, ["dashboards", "build", "--out", str(tmp_path)])
    changed = tmp_path / "dashboards" / "servicemap-edge.json"
    changed.write_text("{}")

    done = CliRunner().invoke(main, ["dashboards", "build", "--out", str(tmp_path), "--check"])

    assert done.exit_code == 1
    assert f"{changed} is not what the code makes" in done.stderr
