import os
import subprocess
import sys
from pathlib import Path

import pytest

from sinks.embedded.time_zone import settle, zone_of

NONE = [
    *("CET-1CEST", "CET-1CEST,M3.5.0,M10.5.0/3", "<-03>3", "Nowhere/City", "europe/berlin", "Europe/Berlin ", "Europe"),
    *("/etc/shadow", "../../etc/passwd", "/", ".", "..", "/dev/zero", "x" * 5000, "\udcff\udcfe", "a\nb", "right/UTC"),
    *("posix/UTC", "::", "%s", "Europe/", "UTC+25:61"),
]


@pytest.mark.parametrize("given", NONE)
def test_what_names_no_zone_means_utc_and_is_reported_in_a_line(given: str) -> None:
    environment = {"TZ": given}
    answer = settle(environment)
    assert zone_of(given) is None
    assert environment == {"TZ": "UTC"}
    assert "set TZ to a name" in answer
    assert answer.isprintable()


ZONES = {"Europe/Berlin": "Europe/Berlin", ":Europe/Berlin": "Europe/Berlin", "": "UTC", "UTC": "UTC"} | {
    "/usr/share/zoneinfo/Asia/Tokyo": "Asia/Tokyo",
    "EST5EDT": "EST5EDT",
    "Etc/GMT+3": "Etc/GMT+3",
}


@pytest.mark.parametrize("given", ZONES)
def test_a_zone_is_known_by_its_name(given: str) -> None:
    environment = {"TZ": given}
    assert settle(environment) == ""
    assert environment == {"TZ": ZONES[given]}


def test_without_tz_the_machines_own_is_left_to_the_engine() -> None:
    environment: dict[str, str] = {}
    assert settle(environment) == ""
    assert environment == {}


@pytest.mark.parametrize("given", [b"CET-1CEST", b"/etc/shadow", b"\xff\xfe"])
def test_the_store_starts_whatever_tz_is(tmp_path: Path, given: bytes) -> None:
    command = [
        sys.executable,
        "-m",
        "sinks.embedded",
        "--data",
        str(tmp_path),
        "--native-port",
        "0",
        "--http-port",
        "0",
    ]
    environment = {**os.environb, b"TZ": given}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as store:
        assert store.stdout is not None
        assert store.stderr is not None
        assert store.stdout.readline().startswith("ready ")
        store.terminate()
        answer = store.stderr.read()
    assert "is not a time zone" in answer
    assert "Traceback" not in answer
