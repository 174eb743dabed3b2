import os
from collections.abc import Iterator

import pytest

from tests.truth.lab import Played, played
from tests.truth.scenario import SCENARIOS
from tests.truth.scenarios import endings  # noqa: F401  # it enters its scenarios
from tests.truth.stored import rows
from tests.truth.verdict import Report, compare, lines

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces are root's to make"),
    pytest.mark.timeout(420),
]


def every(fault: str) -> pytest.MarkDecorator:
    """Test every scenario, where the product has an open fault of a kind strictly as one that fails."""
    return pytest.mark.parametrize(
        "name",
        [
            pytest.param(name, marks=[pytest.mark.xfail(reason=one.open[fault])] if fault in one.open else [])
            for name, one in SCENARIOS.items()
        ],
    )


Reports = dict[str, Report]


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    wanted = {item.callspec.params["name"] for item in request.session.items if hasattr(item, "callspec")}
    scenarios = {name: one.play for name, one in SCENARIOS.items() if name in wanted}
    with played(tmp_path_factory.mktemp("truth"), scenarios) as done:
        yield done


@pytest.fixture(scope="module")
def reports(lab: Played) -> Reports:
    stored = rows(lab.store, lab.hosts)
    return {name: compare(play, lab, stored) for name, play in lab.plays.items() if name not in lab.errors}


@pytest.fixture
def report(name: str, lab: Played, reports: Reports) -> Report:
    if name in lab.errors:
        raise lab.errors[name]
    found = reports[name]
    assert found.flows > 0
    assert not found.unknown, lines(found.unknown)
    return found


@every("missing")
def test_no_connection_is_missing_and_none_is_made_up(report: Report) -> None:
    assert not report.missing + report.extra, lines(report.missing + report.extra)


@every("counts")
def test_every_connection_is_counted_once(report: Report) -> None:
    assert not report.counts, lines(report.counts)


@every("bytes")
def test_bytes_are_exact(report: Report) -> None:
    assert not report.bytes, lines(report.bytes)


@every("wrong")
def test_who_is_named_was_there(report: Report) -> None:
    found = report.wrong + report.pairs
    assert not found, lines(found)


@every("turned")
def test_who_connected_is_the_client(report: Report) -> None:
    assert not report.turned, lines(report.turned)


def test_how_much_is_known(reports: Reports, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{'scenario':44}{'flows':>7}{'pairs':>7}{'process':>9}{'tie':>6}{'host':>6}{'address':>9}")
        for name, report in reports.items():
            ends = max(sum(report.levels[level] for level in ("process", "tie", "host", "address")), 1)
            shares = [f"{report.levels[level] / ends:.0%}" for level in ("process", "tie", "host", "address")]
            pairs = f"{report.levels['pairs'] / max(report.possible, 1):.0%}"
            print(f"{name:44}{report.flows:7}{pairs:>7}{shares[0]:>9}{shares[1]:>6}{shares[2]:>6}{shares[3]:>9}")
