"""The switches that hosts are at: by the last word of each host up to the end of a range."""

from collections.abc import Callable
from typing import Any

from graph.links import LinkRow, links
from graph.of_hosts import PartRow, part_of, parts
from graph.sql import text
from graph.suspects import SuspectRow, suspects
from log.protocol import Record
from schemas import topics
from schemas.codec import encode
from schemas.raw import Heartbeat, LinkBatch, Links
from schemas.times import DAY_MS, HOUR_MS, MINUTE_MS
from servicemap.link_checks import link_check
from sinks.sink import Sink
from sinks.store import Store
from tests.collectors.announcing import SWITCH
from tests.graph.flows import T0, WIDTH
from view.suspects import suspected

RACK, ROW = SWITCH.hex(":"), "sw-row-3"
UNTIL = T0 + 10 * MINUTE_MS
RANGE = {"from": T0, "to": UNTIL}


def at(
    interface: str, chassis: str = RACK, port: str = "Gi1/0/7", *, protocol: str = "lldp", **more: Any
) -> dict[str, Any]:
    """Return a row of `links`."""
    known = {"system_name": "sw-rack-12" if chassis == RACK else "", "port_description": "", "forwards": True}
    return {"interface": interface, "protocol": protocol, "chassis": chassis, "port": port, **known, **more}


class Town:
    """Hosts that report into a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._sink = Sink(store, _refused)

    def hears(self, host: str, when: int, *rows: dict[str, Any]) -> None:
        """Store what a host hears in a window."""
        found = Links.of([tuple(row.values()) for row in rows], [*rows[0]] if rows else [])
        self._add(topics.LINKS, LinkBatch(links=found, keyframe=True, **_header(host, when)), when)

    def reports(self, host: str, until: int) -> None:
        """Store the heartbeats of a host up to a time."""
        for when in range(T0, until, MINUTE_MS):
            self._add(topics.HEARTBEATS, Heartbeat(hostname=host, **_header(host, when)), when)

    def links(self, host: str = "", switch: str = "", **range_: int) -> list[str]:
        self._sink.flush()
        rows = self.store.rows(LinkRow, links(), {**RANGE, **range_, "host": host, "switch": switch})
        return [f"{row.host} {row.words}" for row in rows]

    def switches(self, **range_: int) -> dict[str, str]:
        self._sink.flush()
        return dict(self.store.rows(PartRow, parts("switch"), {**RANGE, **range_}))

    def suspects(self) -> list[tuple[str, list[str], float]]:
        self._sink.flush()
        rows = self.store.rows(SuspectRow, suspects(), RANGE)
        return [(row.switch, row.hosts, row.silent_seconds) for row in rows]

    def _add(self, topic: topics.Topic, batch: Any, when: int) -> None:
        self._sink.add(Record(topic.name, 0, 0, when, b"h", encode(batch)))


def _header(host: str, when: int) -> dict[str, Any]:
    return {"host_id": host, "boot_id": "0b007b007b00", "run": T0, "window": when, "width": WIDTH}


def _refused(record: Record, reason: str) -> None:
    raise AssertionError(f"{record.topic}: {reason}")


def test_a_host_is_at_the_switch_that_it_hears(fresh: Callable[[], Store]) -> None:
    town = Town(fresh())
    town.hears("h1", T0, at("eth0", port_description="web-1"), at("eth1", ROW, "3"))

    assert town.links() == ["h1 eth0 → switch sw-rack-12, port Gi1/0/7 (web-1)", "h1 eth1 → switch sw-row-3, port 3"]
    assert town.switches() == {"h1": RACK}, "that of its first interface"


def test_lldp_goes_before_cdp_and_a_switch_before_a_station(fresh: Callable[[], Store]) -> None:
    town = Town(fresh())
    town.hears(
        "h1",
        T0,
        at("eth0", "aa-station", "p1", forwards=False),
        at("eth0", "sw.example.net", "GigabitEthernet1/0/7", protocol="cdp"),
        at("eth0"),
    )

    assert town.links() == ["h1 eth0 → switch sw-rack-12, port Gi1/0/7"]
    assert town.switches() == {"h1": RACK}


def test_a_station_alone_is_shown_and_is_no_switch(fresh: Callable[[], Store]) -> None:
    town = Town(fresh())
    town.hears("h1", T0, at("eth0", "web-2", "p1", forwards=False))

    assert town.links() == ["h1 eth0 → web-2, port p1"]
    assert town.switches() == {}


def test_a_host_that_moves_is_at_the_new_switch_from_then_on(fresh: Callable[[], Store]) -> None:
    town = Town(fresh())
    town.hears("h1", T0, at("eth0"))
    town.hears("h1", T0 + 5 * MINUTE_MS, at("eth0", ROW))

    assert town.switches(to=T0 + 5 * MINUTE_MS) == {"h1": RACK}
    assert town.switches() == {"h1": ROW}
    assert town.links(switch=RACK) == []


def test_a_host_that_hears_no_switch_any_more_is_at_none(fresh: Callable[[], Store]) -> None:
    town = Town(fresh())
    town.hears("h1", T0, at("eth0"))
    town.hears("h1", T0 + MINUTE_MS)

    assert (town.links(), town.switches()) == ([], {})


def test_a_host_that_fell_silent_stays_where_it_was_for_a_day(fresh: Callable[[], Store]) -> None:
    town = Town(fresh())
    town.hears("h1", T0 - 12 * HOUR_MS, at("eth0"))
    town.hears("h2", T0 - 2 * DAY_MS, at("eth0"))

    assert town.switches() == {"h1": RACK}


def test_a_switch_is_looked_up_by_host(fresh: Callable[[], Store]) -> None:
    town = Town(fresh())
    looked_up = f"SELECT {part_of('switch', 'host')} FROM (SELECT arrayJoin(['h1', 'h2', '']) AS host)"
    assert town.store.query(looked_up, RANGE) == [("",), ("",), ("",)]

    town.hears("h1", T0, at("eth0"))
    town.switches()
    assert town.store.query(looked_up, RANGE) == [(RACK,), ("",), ("",)]


def test_odd_names_of_switches_are_names(fresh: Callable[[], Store]) -> None:
    odd = "it's \\x00 100% :\\"
    town = Town(fresh())
    town.hears("h1", T0, at("eth0", odd))

    assert town.switches() == {"h1": odd}
    assert town.links(switch=odd)
    assert town.store.query(f"SELECT {part_of('switch', text('h1'))} = {text(odd).replace('%', '%%')}", RANGE) == [(1,)]


def test_doctor_lists_the_links(fresh: Callable[[], Store]) -> None:
    town = Town(fresh())
    assert "none has announced itself" in link_check(town.store, {}, UNTIL).found
    town.hears("h1", T0, at("eth0"))
    town.links()

    assert link_check(town.store, {"h1": "web-1"}, UNTIL).found == "web-1 eth0 → switch sw-rack-12, port Gi1/0/7"


def fallen(town: Town) -> None:
    """Let three hosts of a switch fall silent within a minute, and another host report."""
    for host, until in (("h1", 5), ("h2", 5), ("h3", 6)):
        town.hears(host, T0, at("eth0"))
        town.reports(host, T0 + until * MINUTE_MS)
    town.reports("h9", UNTIL)


def test_a_switch_all_of_whose_hosts_fell_silent_is_suspected(fresh: Callable[[], Store]) -> None:
    town = Town(fresh())
    fallen(town)

    assert town.suspects() == [("sw-rack-12", ["h1", "h2", "h3"], 240)]
    (life,) = suspected(town.store, UNTIL)
    assert life["subject"] == f"link:{RACK}"
    assert life["detail"] == "switch sw-rack-12 is suspected: all 3 of its hosts fell silent (h1, h2, h3)"


def test_a_switch_is_no_longer_suspected_once_one_of_its_hosts_reports(fresh: Callable[[], Store]) -> None:
    town = Town(fresh())
    fallen(town)
    town.reports("h2", UNTIL)
    town.suspects()

    assert suspected(town.store, UNTIL) == []


def test_a_switch_with_one_host_or_with_hosts_that_fell_silent_one_by_one_is_not_suspected(
    fresh: Callable[[], Store],
) -> None:
    town = Town(fresh())
    town.reports("h9", UNTIL)
    for host, switch, until in (("h1", RACK, 5), ("h2", ROW, 2), ("h3", ROW, 6)):
        town.hears(host, T0, at("eth0", switch))
        town.reports(host, T0 + until * MINUTE_MS)

    assert town.suspects() == []


def test_when_all_hosts_are_silent_no_switch_is_suspected(fresh: Callable[[], Store]) -> None:
    town = Town(fresh())
    for host in ("h1", "h2"):
        town.hears(host, T0, at("eth0"))
        town.reports(host, T0 + 5 * MINUTE_MS)
    town.suspects()

    assert suspected(town.store, UNTIL) == []
