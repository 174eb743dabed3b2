"""When a rule fires: Grafana's states, folded from what its query gave at each time."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dashboards.alerts.firing import NO_ROWS, Labels, Numbers, firings, numbers
from dashboards.alerts.rules import EVERY_MINUTE

MINUTE = 60_000
WEB: Labels = (("client", "web"),)
APP: Labels = (("client", "app"),)
AT_ONCE = EVERY_MINUTE[0]._replace(beyond=10, holds=0, nothing="OK")
WAITS = AT_ONCE._replace(holds=120)

Alert = tuple[Labels, int, int | None, float]


def alerts(rule_waits: bool, found: Sequence[Numbers], nothing: str = "OK") -> list[Alert]:
    """Return labels, the minutes in which an alert began and ended, and its greatest number."""
    rule = (WAITS if rule_waits else AT_ONCE)._replace(nothing="Alerting" if nothing == "Alerting" else "OK")
    times = [(minute * MINUTE, each) for minute, each in enumerate(found)]
    return [
        (one.labels, one.since // MINUTE, one.until if one.until is None else one.until // MINUTE, one.most)
        for one in firings(rule, times)
    ]


def test_a_row_fires_while_it_is_beyond_the_threshold() -> None:
    assert alerts(False, [{WEB: 10}, {WEB: 11}, {WEB: 30}, {WEB: 9}]) == [(WEB, 1, 3, 30)]


def test_a_rule_that_waits_fires_only_for_what_lasts() -> None:
    assert alerts(True, [{WEB: 11}, {WEB: 11}, {WEB: 9}, {WEB: 12}, {WEB: 13}, {WEB: 14}]) == [(WEB, 5, None, 14)]


def test_each_row_is_an_alert_of_its_own() -> None:
    found: list[Numbers] = [{WEB: 11}, {WEB: 11, APP: 12}, {APP: 12, WEB: 1}]
    assert alerts(False, found) == [(WEB, 0, 2, 11), (APP, 1, None, 12)]


def test_a_row_that_is_lacking_once_still_fires_and_twice_is_resolved() -> None:
    assert alerts(False, [{WEB: 11}, {APP: 1}, {WEB: 12}]) == [(WEB, 0, None, 12)]
    assert alerts(False, [{WEB: 11}, {APP: 1}, {APP: 1}]) == [(WEB, 0, 2, 11)]


def test_no_rows_at_all_mean_that_all_is_well() -> None:
    assert alerts(False, [{WEB: 11}, {}]) == [(WEB, 0, 1, 11)]


def test_no_rows_at_all_fire_where_the_rule_says_so() -> None:
    assert alerts(False, [{}, {WEB: 1}], "Alerting") == [(NO_ROWS, 0, 1, 0)]


def test_texts_of_a_row_are_its_labels() -> None:
    row = {"client": "web", "share": 0.5, "port": "tcp 80"}
    assert numbers([row]) == {(("client", "web"), ("port", "tcp 80")): 0.5}


@given(st.lists(st.dictionaries(st.sampled_from([WEB, APP]), st.floats(0, 20)), max_size=30))
def test_alerts_of_the_same_labels_never_overlap(found: list[Numbers]) -> None:
    for labels in (WEB, APP):
        spans = [(since, until) for whose, since, until, _ in alerts(True, found) if whose == labels]
        for (_, until), (since, _) in pairwise(spans):
            assert until is not None
            assert until <= since
