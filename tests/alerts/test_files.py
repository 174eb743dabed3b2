"""The files Grafana reads: that they are those the code builds, and that Grafana can read them."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dashboards.alerts.files import GROUPS, contact, files, groups, rules
from dashboards.alerts.rule import Rule
from dashboards.alerts.text import as_yaml
from dashboards.macros import parameters

GOLDEN = Path(__file__).parents[2] / "deploy" / "grafana" / "provisioning" / "alerting"
WORDS = st.text("ab: -#'\"{}&*%\\\n\té", max_size=12)
KEYS = st.sampled_from(["some", "other", "key"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    WORDS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, min_size=1))
def test_what_is_written_as_yaml_is_read_as_it_was(value: dict[str, Any]) -> None:
    assert yaml.safe_load(as_yaml(value)) == value


@pytest.mark.parametrize("name", files())
def test_a_file_is_what_the_code_builds(name: str) -> None:
    assert (GOLDEN / name).read_text() == files()[name]


def test_there_is_no_other_file() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(files())


def test_the_files_mean_what_was_declared() -> None:
    assert yaml.safe_load(files()["rules.yaml"]) == {"apiVersion": 1, "groups": groups()}
    assert yaml.safe_load(files()["contact.yaml"]) == contact()


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["uid"])
def test_a_rule_is_one_that_grafana_takes(rule: dict[str, Any]) -> None:
    steps = {step["refId"]: step for step in rule["data"]}

    assert len(rule["uid"]) <= 40
    assert rule["condition"] in steps
    assert [steps[ref]["model"]["expression"] for ref in "BC"] == ["A", "B"]
    assert all(step["model"]["refId"] == ref for ref, step in steps.items())
    assert re.fullmatch(r"\d+s", rule["for"])
    assert rule["noDataState"] in {"OK", "Alerting"}
    assert "$" not in "".join(rule["labels"].values())
    assert not re.search(r"\$(?!labels\.|values\.B\.Value)", rule["annotations"]["summary"])


@pytest.mark.parametrize("rule", [rule for _, group in GROUPS.values() for rule in group], ids=lambda rule: rule.uid)
def test_a_query_asks_for_times_alone(rule: Rule) -> None:
    assert parameters(rule.query) == {"from", "to"}


def test_no_two_rules_share_a_uid_or_a_title() -> None:
    for key in ("uid", "title"):
        assert len({rule[key] for rule in rules()}) == len(rules())


def test_the_environment_sets_where_alerts_go() -> None:
    (receiver,) = contact()["contactPoints"][0]["receivers"]

    assert receiver["settings"]["url"] == "${ALERT_WEBHOOK_URL}"
    assert contact()["policies"][0]["receiver"] == contact()["contactPoints"][0]["name"]
