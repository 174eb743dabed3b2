"""Each event of a host is emitted once."""

from typing import Any

from streams.attribute import Attribution
from tests.streams.build import T0, WIDTH, batches, connection, holds, process

HERE, THERE = "10.0.0.1:33000", "10.0.0.9:5432"
SHOP = {"processes": [process(7, name="shop")], "owners": holds(7, 1, 2)}
SETTLED = 13  # windows


class Reader:
    def __init__(self) -> None:
        self.fold = Attribution()

    def feed(self, at: int, **what: Any) -> list[tuple[str, str, str, int]]:
        """Return kind, subject, object and time of the events."""
        emitted = []
        for topic, batch in batches(at, **what).items():
            for one in self.fold.feed(topic, batch):
                events = one.events.events
                emitted += list(zip(events.kind, events.subject, events.object, events.time, strict=True))
        return emitted


def kinds(emitted: list[tuple[str, str, str, int]]) -> list[str]:
    return [kind for kind, *_ in emitted]


def test_the_first_window_of_an_agent_emits_its_start() -> None:
    assert Reader().feed(0) == [("agent_started", "host:h1", "", T0)]


def test_a_process_that_started_in_the_window_is_an_event_and_an_older_one_is_not() -> None:
    emitted = Reader().feed(0, processes=[process(7, at=0), process(8, at=-3)])
    assert ("process_started", "process:h1:b0071d00:7:100", "", T0) in emitted
    assert kinds(emitted).count("process_started") == 1


def test_an_exit_is_emitted_with_its_time() -> None:
    reader = Reader()
    reader.feed(0, processes=[process(7)])
    gone = [{"pid": 7, "start": 100, "exited": T0 + WIDTH + 5, "signal": 9}]
    assert reader.feed(1, exits=gone) == [("process_exited", "process:h1:b0071d00:7:100", "", T0 + WIDTH + 5)]


def test_a_host_is_silent_from_the_first_window_that_it_missed() -> None:
    reader = Reader()
    reader.feed(0)
    assert reader.feed(1) == []
    assert reader.feed(2 + 5, seq=2) == [("host_silent", "host:h1", "", T0 + 2 * WIDTH)]


def settled() -> Reader:
    reader = Reader()
    for at in range(SETTLED):
        reader.feed(at, **(SHOP if at == 0 else {}))
    return reader


def test_the_first_connection_to_a_server_is_a_new_edge_and_the_second_is_not() -> None:
    reader = settled()
    (appeared,) = reader.feed(13, connections=[connection(1, HERE, THERE, at=13, opened=True)])
    assert appeared == ("edge_appeared", "service:shop", "10.0.0.9:5432", T0 + 13 * WIDTH)
    assert reader.feed(14, connections=[connection(2, "10.0.0.1:33001", THERE, at=14, opened=True)]) == []


def test_edges_are_not_new_before_the_fold_has_settled() -> None:
    assert kinds(Reader().feed(0, connections=[connection(1, HERE, THERE)], **SHOP)) == ["agent_started"]


def test_a_connection_older_than_the_agent_makes_no_new_edge() -> None:
    assert settled().feed(13, connections=[connection(1, HERE, THERE, at=13, fresh=False)]) == []


def test_an_edge_without_a_connection_for_a_minute_vanished_when_it_closed() -> None:
    reader = settled()
    reader.feed(13, connections=[connection(1, HERE, THERE, at=13, opened=True, closed=True)])
    for at in range(14, 19):
        assert reader.feed(at) == []
    assert reader.feed(19) == [("edge_vanished", "service:shop", "10.0.0.9:5432", T0 + 14 * WIDTH)]
    assert reader.feed(20) == []


def test_a_host_starts_anew_after_a_long_silence() -> None:
    reader = settled()
    reader.feed(13, connections=[connection(1, HERE, THERE, at=13, opened=True)])
    assert kinds(reader.feed(90, seq=14, keyframe=True)) == []
    emitted = reader.feed(91, seq=15, connections=[connection(2, HERE, "10.0.0.9:80", at=91, opened=True)], **SHOP)
    assert kinds(emitted) == []
