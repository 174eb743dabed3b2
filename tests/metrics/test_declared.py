"""Every counter that the code counts is a metric, declared once; the reference page and the how-to are of them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from collectors.health import Health
from schemas import metrics
from schemas.metrics import AGENT_COUNTERS, METRICS, SINK_COUNTERS, STAGE_COUNTERS, Kind, Sample, exposition
from servicemap.agent_samples import of_agent
from servicemap.exposing import FIRST_PORT, PARTS
from tests.docs.pages import ROOT

DRIVERS = {"turns", "rebuilt", "retries"}  # of the loop and of Faust; not of a stage


def counted_in(*folders: str) -> Iterator[str]:
    for folder in folders:
        for file in (ROOT / folder).glob("*.py"):
            yield from re.findall(r"counters\[\"(\w+)\"\]", file.read_text())


def test_every_counter_of_a_stage_is_declared() -> None:
    assert set(counted_in("streams")) - DRIVERS == STAGE_COUNTERS.keys()


def test_every_counter_of_the_sink_is_declared() -> None:
    assert set(counted_in("sinks")) == {*SINK_COUNTERS, "skipped"}


def test_every_counter_of_a_collector_is_declared() -> None:
    texts = [file.read_text() for file in (ROOT / "collectors").glob("*.py")]
    bodies = [body for text in texts for body in re.findall(r"def counters\(.*?(?=\n    def |\nclass |\Z)", text, re.S)]
    named = {name for body in bodies for name in re.findall(r'"(\w+)":', body)}

    assert {name for name in named if not name.startswith("rows_skipped_")} | {"windows_dropped", "publish_errors"} == (
        AGENT_COUNTERS.keys()
    )


def test_names_are_unique_and_of_the_form_that_prometheus_wants() -> None:
    names = [metric.full_name for metric in METRICS]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"servicemap_[a-z_]+", name) for name in names)
    assert all(
        name.endswith("_total") == (metric.kind is Kind.COUNTER) for name, metric in zip(names, METRICS, strict=True)
    )


def test_what_is_written_can_be_read_and_has_its_meaning() -> None:
    odd = 'a "name" \\ with\nlines'
    text = exposition([Sample(metrics.COLLECTOR_ERRORS, 3, (odd,)), Sample(metrics.WINDOWS, 7)]).decode()

    families = {family.name: family for family in text_string_to_metric_families(text)}
    (error,) = families["servicemap_collector_errors"].samples
    assert (error.name, error.labels, error.value) == ("servicemap_collector_errors_total", {"collector": odd}, 3)
    assert families["servicemap_agent_windows"].documentation == metrics.WINDOWS.meaning
    assert families["process_resident_memory_bytes"].samples[0].value > 0


def test_a_collector_that_fails_is_0_and_is_counted() -> None:
    health = Health(took={"owners": 0.5}, succeeded={"owners": False}, counters={"errors_owners": 2})

    samples = {(sample.metric.name, *sample.labels): sample.value for sample in of_agent(health)}

    assert samples["collector_success", "owners"] == 0
    assert samples["collector_errors", "owners"] == 2
    assert samples["collector_duration_seconds", "owners"] == 0.5


@pytest.mark.parametrize("page", ["docs/howto/metrics.md"])
def test_a_page_names_only_metrics_and_ports_that_there_are(page: str) -> None:
    text = (ROOT / page).read_text()
    names = {metric.full_name for metric in METRICS}

    assert set(re.findall(r"\bservicemap_[a-z_]+", text)) <= names
    for at, part in enumerate(PARTS):
        assert f"| `servicemap {part}` | http://127.0.0.1:{FIRST_PORT + at}/metrics |" in text
    assert Path(ROOT / "docs" / "reference" / "metrics.md").exists()
