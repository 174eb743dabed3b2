"""Batches as records: which are sent, and how their parts are numbered."""

from collectors.parts import encoded_parts
from collectors.window import Window
from schemas.codec import decode
from schemas.raw import ConnectionBatch, Connections
from schemas.topics import CONNECTIONS


def batch(cookies: list[int], *, keyframe: bool) -> ConnectionBatch:
    window = Window("h", "b", 1, 0, 0, 5_000, keyframe=keyframe)
    return window.batch(ConnectionBatch, netns=7, connections=Connections(cookie=cookies))


def test_a_batch_without_rows_is_sent_on_a_keyframe_alone() -> None:
    assert encoded_parts(CONNECTIONS, batch([], keyframe=False), 10) == []
    assert len(encoded_parts(CONNECTIONS, batch([], keyframe=True), 10)) == 1


def test_a_namespace_without_connections_is_in_a_keyframe_too() -> None:
    (value,) = encoded_parts(CONNECTIONS, batch([], keyframe=True), 10, first=3)
    found = decode(CONNECTIONS.name, value)

    assert (found.part, found.netns, len(found.connections)) == (3, 7, 0)


def test_the_parts_of_a_window_are_numbered_over_all_its_batches() -> None:
    values = encoded_parts(CONNECTIONS, batch(list(range(25)), keyframe=False), 10, first=2)
    found = [decode(CONNECTIONS.name, value) for value in values]

    assert [one.part for one in found] == [2, 3, 4]
    assert [cookie for one in found for cookie in one.connections.cookie] == list(range(25))
