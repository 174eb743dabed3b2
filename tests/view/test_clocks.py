"""A clock that is off is listed on the page, and by doctor."""

import json
from contextlib import closing
from pathlib import Path

from click.testing import CliRunner

from schemas.times import MINUTE_MS
from servicemap.cli import main
from sinks.address import Address
from sinks.store import Store
from tests.graph.flows import opened_apart, stored
from tests.view.serving import Past, remembered, viewing

AHEAD_MS = 8_000


def skewed(past: Past) -> None:
    """Store connections of three hosts, one with a wrong clock, of the minutes before the last."""
    address = Address("127.0.0.1", past.facts["native_port"], "servicemap", "", "servicemap", past.token)
    start = past.now // MINUTE_MS * MINUTE_MS - 4 * MINUTE_MS
    pairs = (("h1", "h2", AHEAD_MS), ("h1", "h3", 0), ("h3", "h2", AHEAD_MS))
    with closing(Store(address)) as store:
        stored(store, *(row for pair in pairs for row in opened_apart(*pair, start=start)))


def test_the_host_whose_clock_is_off_is_among_the_changes_and_named_by_doctor(tmp_path: Path) -> None:
    with remembered(tmp_path) as past, viewing(past.data) as view:
        skewed(past)
        listed = [row for row in view.api("map", to=past.now)["lives"] if row["kind"] == "clock_off"]
        doctor = CliRunner().invoke(main, ["doctor", "--json", "--data", str(past.data)])

    assert [row["subject"] for row in listed] == ["host:h2"]
    assert listed[0]["detail"] == "the clock of h2 is 8.0 s ahead of the others"
    (check,) = [each for each in json.loads(doctor.stdout)["checks"] if each["name"] == "clocks of hosts"]
    assert check["state"] == "missing"
    assert "h2 is 8.0 s ahead of the others" in check["found"]
