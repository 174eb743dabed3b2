import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.truth.lab import Played, played
from tests.truth.report import Report, head, lines
from tests.truth.scenario import SCENARIOS
from tests.truth.scenarios import endings, places, programs, reuse, servers  # noqa: F401  # they enter their scenarios
from tests.truth.stored import Stored, read
from tests.truth.verdict import compare

pytestmark = [
    pytest.mark.slow,
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces are root's to make"),
    pytest.mark.timeout(420),
]

Reports = dict[str, Report]


def none(found: list[str]) -> None:
    """Fail if there are findings, and show them."""
    if found:
        pytest.fail(lines(found), pytrace=False)


def every(kind: str) -> pytest.MarkDecorator:
    """Test every scenario. If a fault of a kind is open, the test has to fail."""
    return pytest.mark.parametrize("name", [_marked(name, one.open.get(kind)) for name, one in SCENARIOS.items()])


def _marked(name: str, fault: str | None) -> Any:
    marks = [pytest.mark.xfail(reason=fault, raises=pytest.fail.Exception)] if fault else []
    return pytest.param(name, marks=marks)


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    wanted = {item.callspec.params.get("name") for item in request.session.items if hasattr(item, "callspec")}
    scenarios = {name: one.play for name, one in SCENARIOS.items() if name in wanted}
    with played(tmp_path_factory.mktemp("truth"), scenarios) as done:
        yield done


@pytest.fixture(scope="module")
def stored(lab: Played) -> Stored:
    return read(lab.store, lab.hosts)


@pytest.fixture(scope="module")
def reports(lab: Played, stored: Stored) -> Reports:
    return {name: compare(play, lab, stored) for name, play in lab.plays.items() if name not in lab.errors}


@pytest.fixture
def report(name: str, lab: Played, reports: Reports) -> Report:
    if name in lab.errors:
        raise lab.errors[name]
    found = reports[name]
    assert found.flows > 0
    assert not found.unknown, lines(found.unknown)
    return found


@every("counts")
def test_no_connection_is_missing_made_up_or_counted_twice(report: Report) -> None:
    none(report.counts)


def test_no_connection_is_on_the_map_twice(reports: Reports) -> None:
    none([line for report in reports.values() for line in report.edges])


def test_no_more_connections_are_missing_on_the_map_than_agents_report_lost(reports: Reports, stored: Stored) -> None:
    assert sum(report.missed for report in reports.values()) <= sum(stored.lost.values())


@every("bytes")
def test_bytes_are_exact(report: Report) -> None:
    none(report.bytes)


def test_no_more_ends_are_inexact_than_agents_report_lost(reports: Reports, stored: Stored) -> None:
    assert all(count <= stored.lost[host] for host, count in _excused(reports).items()), (
        _excused(reports),
        stored.lost,
    )


def _excused(reports: Reports) -> Counter[str]:
    return sum((report.excused for report in reports.values()), Counter())


@every("wrong")
def test_every_named_process_was_there(report: Report) -> None:
    none(report.wrong)


@every("turned")
def test_the_end_that_connected_is_the_client(report: Report) -> None:
    none(report.turned)


def test_no_address_of_a_monitored_host_is_a_node_beside_it(stored: Stored) -> None:
    assert not stored.addresses


@every("unnamed")
def test_both_ends_of_a_lasting_connection_are_known(report: Report) -> None:
    none(report.unnamed)


def test_how_much_is_known(reports: Reports, stored: Stored, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print("", head(), *(report.line(name) for name, report in reports.items()), sep="\n")
        print("agents lost:", stored.lost, "inexact ends of theirs:", dict(_excused(reports)))
