"""A translated connection has the flow that is known for it in each window, whoever reads, and keeps its owner."""

from typing import Any

import pytest

from tests.streams.build import connection, holds, process, translation
from tests.streams.test_attribute import Reader

HERE, VIRTUAL, SERVER = "10.0.0.1:33000", "10.96.0.10:80", "10.0.0.2:8080"
ASKED, ANSWERED = f"tcp {HERE} {VIRTUAL}", f"tcp {HERE} {SERVER}"
HELD: dict[str, Any] = {"processes": [process(7, name="shop")], "owners": holds(7, 1)}
LATER = connection(1, HERE, VIRTUAL)


def flows(reader: Reader, at: int, server: str = "", **more: Any) -> list[tuple[str, str]]:
    """Return flow and owner of the sides of a window in which the connection is reported."""
    translated = [translation(1, HERE, server)] if server else []
    sides = reader.feed(at, connections=[LATER], translated=translated, **more)
    return [(side["flow"], side["name"]) for side in sides]


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        (("", SERVER, SERVER), (ASKED, ANSWERED, ANSWERED)),
        ((SERVER, SERVER, SERVER), (ANSWERED, ANSWERED, ANSWERED)),
        ((SERVER, "", ""), (ANSWERED, ASKED, ASKED)),
        ((SERVER, "10.0.0.3:8080", SERVER), (ANSWERED, f"tcp {HERE} 10.0.0.3:8080", ANSWERED)),
    ],
)
def test_a_translation_that_changes_moves_its_connection_at_once(
    servers: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    reader = Reader()
    found = [flows(reader, at, server, **(HELD if at == 0 else {})) for at, server in enumerate(servers)]
    assert found == [[(flow, "shop")] for flow in expected]
    assert [(side["flow"], side["name"]) for side in reader.feed(3)] == [(expected[-1], "shop")]  # idle


def test_a_reader_that_begins_with_a_later_keyframe_finds_the_same_flows() -> None:
    old, new = Reader(), Reader()
    flows(old, 0, **HELD)
    for reader in (old, new):
        flows(reader, 1, SERVER, keyframe=True, **HELD)
        flows(reader, 2, SERVER)
    found = [
        {(side["window"], side["flow"], side["name"]) for side in reader.emitted if side["window"]}
        for reader in (old, new)
    ]
    assert found == [{(1, ANSWERED, "shop"), (2, ANSWERED, "shop")}] * 2
