"""Names by which DNS led clients to an address, in the scope of the address, minute by minute."""

from typing import Any

from schemas.codec import decode
from schemas.graph import AddressNames
from schemas.merge import merge_all
from schemas.times import HOUR_MS, MINUTE_MS
from streams.stage import AttributeStage
from tests.streams.build import NETNS, T0, WIDTH, batches, message, named

THERE, API, WWW = "203.0.113.7", "api.example.com", "www.example.com"
MINUTE = 6  # windows


class Reader:
    """A fold, and the names that it has emitted, merged as in the store."""

    def __init__(self) -> None:
        self._stage = AttributeStage()
        self._rows: list[tuple[Any, ...]] = []

    def feed(self, at: int, **what: Any) -> None:
        for topic, batch in batches(at, **what).items():
            for emission in self._stage.feed(message(topic, batch)):
                if emission.topic == "address-names":
                    self._rows += decode("address-names", emission.value).names.rows()

    def stored(self) -> list[dict[str, Any]]:
        rows = merge_all(AddressNames, self._rows).values()
        return [dict(zip(AddressNames.__struct_fields__, row, strict=True)) for row in sorted(rows)]


def test_of_a_name_that_is_known_in_two_ways_the_better_one_is_said() -> None:
    reader = Reader()
    reader.feed(0, names=[{**named(THERE, API), "provenance": "HTTP"}, {**named(THERE, WWW), "provenance": "HTTP"}])
    reader.feed(1, names=[named(THERE, API, at=1)])  # of an agent that knows no other way than DNS
    assert [(row["name"], row["provenance"]) for row in reader.stored()] == [(API, "dns"), (WWW, "HTTP")]


def test_a_name_stands_in_the_minutes_that_report_it() -> None:
    reader = Reader()
    reader.feed(0, names=[named(THERE, API)])
    reader.feed(1, names=[named(THERE, WWW, at=1)])
    reader.feed(MINUTE, keyframe=True, names=[named(THERE, API, at=4)])

    hour = T0 // HOUR_MS * HOUR_MS
    minute = (T0 - hour) // MINUTE_MS
    api, www = reader.stored()
    assert api == {
        "hour": hour,
        "host": "h1",
        "scope": "",
        "address": THERE,
        "name": API,
        "asked": T0 + 4 * WIDTH,
        "provenance": "dns",
        "seen": T0 + MINUTE * WIDTH,
        "minutes": 1 << (59 - minute) | 1 << (58 - minute),
    }
    assert (www["name"], www["minutes"]) == (WWW, 1 << (59 - minute))


def test_an_address_behind_a_bridge_is_that_of_the_bridge() -> None:
    reader = Reader()
    bridge = {"name": "docker0", "address": "172.17.0.1", "prefix": 16, "local": True, "segment": "docker0"}
    reader.feed(0, interfaces=[bridge], names=[named("172.17.0.9", "db"), named(THERE, API)])
    reader.feed(1, netns=NETNS + 1, agent_netns=NETNS, names=[named("10.1.2.3", "elsewhere")])

    found = {row["name"]: row["scope"] for row in reader.stored()}
    assert found["db"].startswith("h1")
    assert found[API] == ""


def test_names_of_loopback_and_such_as_are_none_are_left_out() -> None:
    reader = Reader()
    reader.feed(0, names=[named("127.0.0.1", API), named("::1", API), named(THERE, ""), named(THERE, "x" * 254)])

    assert reader.stored() == []
