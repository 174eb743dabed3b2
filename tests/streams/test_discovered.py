"""Facts of the operator's own, on the nodes that they are of."""

from typing import Any

from schemas.codec import decode
from schemas.graph import NodeFacts
from schemas.merge import merge_all
from streams.stage import AttributeStage
from tests.streams.build import NETNS, T0, Row, batches, holds, listener, loses, message, process

PROCESSES = [process(7, 7, name="nginx"), process(8, 8, name="shop")]
LISTENING: dict[str, Any] = {"listeners": [listener(1, 443)], "owners": holds(7, 1, start=7), "processes": PROCESSES}
MINUTE = 6  # windows


def printed(name: str, value: str = "x", **of: Any) -> Row:
    return {"program": "tls", "name": name, "value": value, **of}


class Reader:
    """A fold, and the facts that it has emitted so far."""

    def __init__(self) -> None:
        self._stage = AttributeStage()
        self.rows: list[tuple[Any, ...]] = []

    def feed(self, at: int, **what: Any) -> set[tuple[str, str, str, int, str]]:
        """Feed a window; return the facts that it emits: name, node, service, port, value."""
        emitted = []
        for topic, batch in batches(at, **what).items():
            for emission in self._stage.feed(message(topic, batch)):
                if emission.topic == "node-facts":
                    emitted += decode("node-facts", emission.value).facts.rows()
        self.rows += emitted
        named = [dict(zip(NodeFacts.__struct_fields__, row, strict=True)) for row in emitted]
        return {(row["name"], row["node"], row["service"], row["port"], row["value"]) for row in named}


def test_a_fact_is_put_on_its_node() -> None:
    found = Reader().feed(
        0,
        discovered=[
            printed("os"),
            printed("end", port=443),
            printed("package", pid=8, start=8),
            printed("owner", service="shop"),
            printed("gone", pid=9, start=9),
            printed("nobody", port=444),
        ],
        **LISTENING,
    )

    assert found == {
        ("os", "", "", 0, "x"),
        ("end", "process:h1:b0071d00:7:7", "nginx", 443, "x"),
        ("package", "process:h1:b0071d00:8:8", "shop", 0, "x"),
        ("owner", "", "shop", 0, "x"),
        ("nobody", "", "", 444, "x"),
    }


def test_a_port_of_another_network_namespace_is_another_one() -> None:
    reader = Reader()

    assert reader.feed(0, discovered=[printed("end", port=443)], agent_netns=NETNS + 1, **LISTENING) == {
        ("end", "", "", 443, "x")
    }


def test_a_fact_stands_in_every_minute_until_it_is_no_longer_printed() -> None:
    reader = Reader()
    reader.feed(0, discovered=[printed("a", "1")], processes=PROCESSES)
    for at in range(1, 4 * MINUTE):
        changed = {8: [printed("a", "2")], 20: []}.get(at)
        reader.feed(at, discovered=changed or [], keyframe=changed is not None, processes=PROCESSES)

    rows = merge_all(NodeFacts, reader.rows).values()
    stored = [dict(zip(NodeFacts.__struct_fields__, row, strict=True)) for row in rows]
    minute = T0 // 60_000 % 60
    first, second = (next(row["minutes"] for row in stored if row["value"] == value) for value in "12")
    bits = [1 << (59 - minute - number) for number in range(4)]
    assert first == bits[0] | bits[1]  # in its second minute it changed
    assert second == bits[1] | bits[2] | bits[3]  # in its fourth minute it began as known


def test_an_agent_that_runs_no_programs_any_more_has_no_facts() -> None:
    reader = Reader()
    assert reader.feed(0, discovered=[printed("a")], processes=PROCESSES)
    assert not reader.feed(1, run=T0 + 9, seq=0, processes=PROCESSES)
    assert not reader.feed(MINUTE, run=T0 + 9, seq=1, keyframe=True, processes=PROCESSES)


def test_a_fact_of_a_port_follows_its_listener() -> None:
    reader = Reader()
    facts = [printed("end", port=443)]
    reader.feed(0, discovered=facts, **LISTENING)
    moved = {"owners": holds(8, 1, start=8), "disowned": loses(7, 1, start=7)}
    reader.feed(1, discovered=[], keyframe=False, **moved)

    assert {service for _, _, service, _, _ in reader.feed(MINUTE, discovered=[], keyframe=False)} == {"shop"}
