"""What a server speaks stands on its connections from the window in which it was seen, at either end's host."""

from typing import Any

from streams.attribute import Attribution
from tests.streams.build import NETNS, T0, WIDTH, Row, batches, connection, speaks, translation

HERE, THERE = "10.0.0.1:40112", "10.0.0.2:6379"
SERVER, CLIENT = "10.0.0.1:5432", "10.0.0.3:5000"


class Reader:
    """A fold over the windows of one host that returns protocol and name of each side."""

    def __init__(self) -> None:
        self.fold = Attribution()

    def window(self, at: int, *spoken: Row, connections: list[Row] = [], **more: Any) -> dict[str, tuple[str, str]]:  # noqa: B006
        found = {}
        for topic, batch in batches(at, spoken=list(spoken), connections=connections, **more).items():
            for emitted in self.fold.feed(topic, batch):
                for _, part in emitted.sides:
                    for window, flow, protocol, name in zip(
                        part.sides.window, part.sides.flow, part.ends.protocol, part.ends.tls_name, strict=True
                    ):
                        if window == T0 + at * WIDTH:
                            found[flow.split()[2]] = (protocol, name)
        return found


def test_it_stands_on_both_sides_of_a_server_from_then_on() -> None:
    reader = Reader()
    both = [connection(1, HERE, THERE), connection(2, SERVER, CLIENT)]
    assert set(reader.window(0, connections=both).values()) == {("", "")}
    known = {THERE: ("tls 1.3", "api.example.com"), CLIENT: ("postgresql", "")}
    assert reader.window(1, speaks(THERE, "tls 1.3", "api.example.com"), speaks(SERVER, "postgresql")) == known
    assert reader.window(2) == known  # idle


def test_new_connections_have_it_and_a_keyframe_without_it_ends_it() -> None:
    reader = Reader()
    reader.window(0, speaks(THERE, "redis"), connections=[connection(1, HERE, THERE)])
    other = connection(2, "10.0.0.1:40113", THERE, at=1)
    assert set(reader.window(1, connections=[other]).values()) == {("redis", "")}
    assert set(reader.window(2, connections=[other], keyframe=True).values()) == {("", "")}


def test_an_equal_address_of_another_network_namespace_is_another_server() -> None:
    reader = Reader()
    reader.window(0, connections=[connection(1, HERE, THERE)])
    for topic, batch in batches(1, spoken=[speaks(THERE, "redis")], netns=NETNS + 1).items():
        reader.fold.feed(topic, batch)
    assert reader.window(2) == {THERE: ("", "")}


def test_a_translated_server_is_known_by_the_address_that_its_packets_show() -> None:
    for shown in ("10.96.0.10:80", "10.0.0.2:8080"):
        reader = Reader()
        held = connection(1, HERE, "10.96.0.10:80")
        outside = translation(1, HERE, "10.0.0.2:8080")
        found = reader.window(0, speaks(shown, "http"), connections=[held], translated=[outside])
        assert set(found.values()) == {("http", "")}
