"""The holder of a connection's end is named when it is known, also for earlier windows, and is never guessed."""

from typing import Any

from schemas.graph import Identities, SideBatch
from schemas.verdict import listens
from streams.attribute import Attribution
from streams.connection import Identity
from tests.streams.build import T0, WIDTH, batches, connection, holds, listener, loses, process

HERE, THERE = "10.0.0.1:33000", "10.0.0.9:5432"
Side = dict[str, Any]


class Reader:
    """A fold that takes whole windows and returns its sides as rows by name."""

    def __init__(self) -> None:
        self.fold = Attribution()
        self.emitted: list[Side] = []

    def feed(self, at: int, *, without: str = "", **what: Any) -> list[Side]:
        emitted = []
        for topic, batch in batches(at, **what).items():
            if topic != without:
                emitted += [rows(side) for one in self.fold.feed(topic, batch) for _, side in one.sides]
        new = [row for some in emitted for row in some]
        self.emitted += new
        return new


def rows(batch: SideBatch) -> list[Side]:
    """Return the rows of a batch with their identities, and windows as numbers."""
    who = [{}, *(dict(zip(batch.identities.__struct_fields__, one, strict=True)) for one in batch.identities.rows())]
    emitted = []
    for side, end in zip(batch.sides.rows(), batch.ends.rows(), strict=True):
        row = dict(zip((*batch.sides.__struct_fields__, *batch.ends.__struct_fields__), (*side, *end), strict=True))
        emitted.append({**row, **who[row["who"]], "window": (row["window"] - T0) // WIDTH})
    return emitted


def names(sides: list[Side]) -> list[tuple[int, str]]:
    return [(side["window"], side["name"]) for side in sides]


def test_an_owner_known_at_once_is_emitted_with_the_connection() -> None:
    what: dict[str, Any] = {
        "processes": [process(7, name="shop")],
        "connections": [connection(1, HERE, THERE)],
        "owners": holds(7, 1),
    }
    (side,) = Reader().feed(0, **what)
    assert side["node"] == "process:h1:b0071d00:7:100"
    assert (side["name"], side["service"], side["provenance"], side["tied"]) == ("shop", "shop", "scan", False)
    assert side["flow"] == "tcp 10.0.0.1:33000 10.0.0.9:5432"
    assert side["end"] == 0


def test_the_names_of_a_container_are_part_of_the_identity() -> None:
    contained: dict[str, Any] = {
        "container": "c0ffee",
        "container_name": "cart",
        "namespace": "shop",
        "pod": "cart-0",
        "image": "cart:1",
    }
    names = ("container", "container_name", "namespace", "pod")
    for runtime_name, called in (("shop-cart-1", "shop-cart-1"), ("", "cart")):
        what: dict[str, Any] = {
            "processes": [process(7, name="web", runtime_name=runtime_name, **contained)],
            "connections": [connection(1, HERE, THERE)],
            "owners": holds(7, 1),
        }
        (side,) = Reader().feed(0, **what)
        assert [side[name] for name in names] == ["c0ffee", called, "shop", "cart-0"]
        assert side["service"] == "web"


def test_an_identity_has_the_fields_of_its_record() -> None:
    assert Identity._fields == Identities.__struct_fields__


def test_what_all_possible_owners_have_in_common_is_known() -> None:
    among = [
        process(pid, name="web", namespace="shop", pod=f"web-{pid}", container=f"c{pid}", runtime_name="app")
        for pid in (7, 8)
    ]
    what: dict[str, Any] = {"processes": among, "connections": [connection(1, HERE, THERE)]}
    (side,) = Reader().feed(0, **what, owners=[*holds(7, 1), *holds(8, 1)])

    assert (side["tied"], side["service"], side["namespace"], side["container_name"]) == (True, "web", "shop", "app")
    assert (side["pod"], side["container"], side["node"]) == ("", "", "")


def test_a_late_owner_is_also_emitted_for_the_windows_before() -> None:
    reader = Reader()
    reader.feed(0, processes=[process(7)], connections=[connection(1, HERE, THERE)])
    assert names(reader.feed(1)) == [(1, "")]
    late = reader.feed(2, owners=holds(7, 1))
    assert sorted(names(late)) == [(0, "p7"), (1, "p7"), (2, "p7")]
    assert [side["seen"] for side in sorted(late, key=lambda side: side["window"])] == [False, False, True]
    assert {side["window"] for side in late if side["verdict"]} == {2}  # the verdict was emitted then


def test_a_late_owner_is_not_emitted_for_windows_before_it_started() -> None:
    reader = Reader()
    reader.feed(0, connections=[connection(1, HERE, THERE)])
    reader.feed(1)
    late = reader.feed(2, processes=[process(7, at=1)], owners=holds(7, 1))
    assert sorted(names(late)) == [(1, "p7"), (2, "p7")]


def test_a_late_owner_is_emitted_for_the_last_minute_at_most() -> None:
    reader = Reader()
    reader.feed(0, processes=[process(7)], connections=[connection(1, HERE, THERE)])
    for at in range(1, 20):
        reader.feed(at)
    assert sorted(names(reader.feed(20, owners=holds(7, 1)))) == [(at, "p7") for at in range(14, 21)]


def test_a_parent_owns_a_socket_that_its_children_hold_too() -> None:
    family = [process(7, name="nginx"), process(8, 200, parent=7), process(9, 300, parent=8)]
    owners = [*holds(9, 1, start=300), *holds(7, 1), *holds(8, 1, start=200)]
    (side,) = Reader().feed(0, processes=family, connections=[connection(1, HERE, THERE)], owners=owners)
    assert (side["name"], side["tied"]) == ("nginx", False)


def test_siblings_tie_and_the_end_is_marked_as_unresolved() -> None:
    siblings = [process(8, 200, parent=7), process(9, 300, parent=7)]
    owners = [*holds(9, 1, start=300), *holds(8, 1, start=200)]
    (side,) = Reader().feed(0, processes=siblings, connections=[connection(1, HERE, THERE)], owners=owners)
    assert (side["node"], side["tied"]) == ("", True)


def test_a_later_tie_holds_for_its_windows_even_if_one_process_is_left() -> None:
    reader = Reader()
    siblings = [process(8, 200, parent=7), process(9, 300, parent=7)]
    what: dict[str, Any] = {
        "processes": siblings,
        "connections": [connection(1, HERE, THERE)],
        "owners": holds(8, 1, start=200),
    }
    assert names(reader.feed(0, **what)) == [(0, "p8")]
    (side,) = reader.feed(1, owners=holds(9, 1, start=300))
    assert (side["window"], side["node"], side["tied"]) == (1, "", True)
    assert names(reader.feed(2, disowned=loses(9, 1, start=300))) == [(2, "")]
    assert names(reader.feed(3)) == [(3, "p8")]


def test_a_process_that_has_the_pid_of_a_dead_parent_is_no_parent() -> None:
    family = [process(7, 500, name="late"), process(8, 200, parent=7)]
    owners = [*holds(7, 1, start=500), *holds(8, 1, start=200)]
    (side,) = Reader().feed(0, processes=family, connections=[connection(1, HERE, THERE)], owners=owners)
    assert side["tied"]


def test_a_pid_used_again_is_another_process() -> None:
    reader = Reader()
    old: dict[str, Any] = {
        "processes": [process(7, name="old")],
        "connections": [connection(1, HERE, THERE)],
        "owners": holds(7, 1),
    }
    reader.feed(0, **old)
    new = process(7, 900, at=1, name="new")
    again = connection(2, "10.0.0.1:33001", THERE, at=1)
    gone = [{"pid": 7, "start": 100, "exited": T0 + WIDTH + 1}]
    emitted = reader.feed(1, processes=[new], exits=gone, connections=[again], owners=holds(7, 2, start=900))
    assert {side["flow"].split()[1]: side["name"] for side in emitted} == {HERE: "old", "10.0.0.1:33001": "new"}
    assert [side["name"] for side in emitted if side["node"].endswith(":7:900")] == ["new"]


def test_a_process_that_executes_another_program_is_renamed() -> None:
    reader = Reader()
    what: dict[str, Any] = {
        "processes": [process(7, name="sh")],
        "connections": [connection(1, HERE, THERE)],
        "owners": holds(7, 1),
    }
    assert names(reader.feed(0, **what)) == [(0, "sh")]
    assert names(reader.feed(1, processes=[process(7, name="shop")])) == [(1, "shop")]


def test_a_socket_that_is_handed_over_belongs_to_the_new_holder() -> None:
    reader = Reader()
    both = [process(7), process(8, 200)]
    reader.feed(0, processes=both, connections=[connection(1, HERE, THERE)], owners=holds(7, 1))
    assert names(reader.feed(1, owners=holds(8, 1, start=200), disowned=loses(7, 1))) == [(1, "p8")]


def test_the_last_holder_keeps_a_socket_until_the_window_in_which_it_closes_is_emitted() -> None:
    reader = Reader()
    reader.feed(0, processes=[process(7)], connections=[connection(1, HERE, THERE)], owners=holds(7, 1))
    closing = connection(1, HERE, THERE, sent=9, closed=True)
    assert names(reader.feed(1, connections=[closing], disowned=loses(7, 1))) == [(1, "p7")]
    assert reader.feed(2) == []


def test_a_connection_that_closed_before_any_scan_belongs_to_the_holder_of_its_listener() -> None:
    mine, peer = "10.0.0.1:80", "10.0.0.9:40000"
    what: dict[str, Any] = {"processes": [process(7)], "listeners": [listener(5, 80)], "owners": holds(7, 5)}
    emitted = Reader().feed(0, connections=[connection(1, mine, peer, opened=True, closed=True)], **what)
    assert [(side["name"], side["provenance"]) for side in emitted] == [("p7", "listener")]


def test_a_connection_that_closed_before_any_scan_belongs_to_whom_a_program_reported() -> None:
    both: dict[str, Any] = {"processes": [process(7), process(8, 200)], "listeners": [listener(5, 80)]}
    owners = [*holds(7, 5), *({**row, "provenance": "BPF"} for row in holds(8, 1, start=200))]
    brief = connection(1, "10.0.0.1:80", "10.0.0.9:40000", opened=True, closed=True)
    gone = [{"pid": 8, "start": 200, "exited": T0 + 5}]
    (side,) = Reader().feed(0, connections=[brief], owners=owners, exits=gone, **both)
    assert (side["name"], side["provenance"]) == ("p8", "BPF")


def test_how_the_owner_is_known_changes_with_the_owner() -> None:
    reader = Reader()
    both = [process(7), process(8, 200)]
    named = [{**row, "provenance": "BPF"} for row in holds(7, 1)]
    first = reader.feed(0, processes=both, connections=[connection(1, HERE, THERE)], owners=named)
    second = reader.feed(1, owners=holds(8, 1, start=200), disowned=loses(7, 1))
    restated: dict[str, Any] = {
        "processes": both,
        "connections": [connection(1, HERE, THERE)],
        "owners": holds(8, 1, start=200),
    }
    third = reader.feed(2, keyframe=True, **restated)
    assert [(side["name"], side["provenance"]) for side in (*first, *second, *third)] == [
        ("p7", "BPF"),
        ("p8", "scan"),
        ("p8", "scan"),
    ]


def test_the_listener_bound_to_the_address_took_the_connection() -> None:
    what: dict[str, Any] = {
        "processes": [process(7), process(8, 200)],
        "listeners": [listener(5, 80, "127.0.0.1"), listener(6, 80, "10.0.0.1")],
        "owners": [*holds(7, 5), *holds(8, 6, start=200)],
    }
    (side,) = Reader().feed(0, connections=[connection(1, "10.0.0.1:80", "10.0.0.9:40000", closed=True)], **what)
    assert side["name"] == "p8"


def test_unrelated_processes_that_share_a_port_tie_for_its_connections() -> None:
    what: dict[str, Any] = {
        "processes": [process(7), process(8, 200)],
        "listeners": [listener(5, 80), listener(6, 80)],
        "owners": [*holds(7, 5), *holds(8, 6, start=200)],
    }
    (side,) = Reader().feed(0, connections=[connection(1, "10.0.0.1:80", "10.0.0.9:40000", closed=True)], **what)
    assert (side["name"], side["tied"]) == ("", True)


def test_an_open_connection_is_not_credited_to_the_holder_of_its_listener() -> None:
    what: dict[str, Any] = {"processes": [process(7)], "listeners": [listener(5, 80)], "owners": holds(7, 5)}
    (side,) = Reader().feed(0, connections=[connection(1, "10.0.0.1:80", "10.0.0.9:40000")], **what)
    assert side["name"] == ""


def test_an_end_still_serves_when_its_listener_is_gone() -> None:
    mine, peer = "10.0.0.1:40009", "10.0.0.9:38418"
    reader = Reader()
    before = reader.feed(0, connections=[connection(1, mine, peer, accepted=True)], listeners=[listener(5, 40009)])
    (after,) = reader.feed(1, connections=[connection(1, mine, peer, accepted=True, closed=True)], keyframe=True)
    assert [side["verdict"] for side in before] == [after["verdict"]] == [listens(0, 40009, 38418)]


def test_connections_that_reuse_a_flow_in_one_window_are_numbered() -> None:
    reader = Reader()
    first = connection(1, HERE, THERE, sent=5, closed=True)
    emitted = reader.feed(0, connections=[first, connection(2, HERE, THERE, sent=7)])
    assert [(side["nth"], side["sent_bytes"]) for side in emitted] == [(0, 5), (1, 7)]
    assert [side["nth"] for side in reader.feed(1)] == [0]


def test_a_late_owner_of_a_reused_flow_is_emitted_under_its_number() -> None:
    reader = Reader()
    reader.feed(
        0, processes=[process(7)], connections=[connection(1, HERE, THERE, closed=True), connection(2, HERE, THERE)]
    )
    late = reader.feed(1, owners=holds(7, 2))
    assert [(side["window"], side["nth"], side["name"]) for side in late] == [(0, 1, "p7"), (1, 0, "p7")]


def test_a_socket_that_connects_again_is_a_new_connection() -> None:
    reader = Reader()
    reader.feed(0, processes=[process(7)], connections=[connection(1, HERE, THERE)], owners=holds(7, 1))
    (side,) = reader.feed(1, connections=[connection(1, HERE, "10.0.0.9:6379", at=1, opened=True)])
    assert side["flow"].endswith(":6379")


def test_an_idle_connection_has_a_row_in_every_window() -> None:
    reader = Reader()
    reader.feed(0, connections=[connection(1, HERE, THERE, sent=5)])
    for at in (1, 2, 3):
        assert [(s["window"], s["seen"], s["sent_bytes"]) for s in reader.feed(at)] == [(at, True, 0)]


def test_what_comes_after_a_connection_has_closed_does_not_open_it_again() -> None:
    reader = Reader()
    reader.feed(0, connections=[connection(1, HERE, THERE)])
    reader.feed(1, connections=[connection(1, HERE, THERE, closed=True, state=7)])
    (last,) = reader.feed(2, connections=[connection(1, HERE, THERE, got=9, state=7)])
    assert (last["closed"], last["received_bytes"]) == (False, 9)
    assert reader.feed(3) == []


def test_a_connection_that_a_whole_keyframe_does_not_name_is_gone() -> None:
    reader = Reader()
    reader.feed(0, connections=[connection(1, HERE, THERE)])
    assert reader.feed(1, keyframe=True) == []


def test_a_keyframe_that_lacks_a_batch_removes_nothing() -> None:
    reader = Reader()
    reader.feed(0, processes=[process(7)], connections=[connection(1, HERE, THERE)], owners=holds(7, 1))
    reader.feed(1, keyframe=True, without="owners")
    assert names(reader.feed(2)) == [(1, "p7"), (2, "p7")]


def test_a_window_reported_twice_by_a_restarted_agent_holds_the_sum() -> None:
    reader = Reader()
    reader.feed(0, connections=[connection(1, HERE, THERE, sent=5)])
    (side,) = reader.feed(0, run=T0 + 9, connections=[connection(1, HERE, THERE, sent=7, fresh=False)])
    assert side["sent_bytes"] == 12


def test_nothing_is_emitted_for_a_run_before_its_first_whole_keyframe() -> None:
    reader = Reader()
    assert reader.feed(1, connections=[connection(1, HERE, THERE)]) == []
    assert reader.feed(2, keyframe=True, connections=[connection(1, HERE, THERE)])
    assert reader.fold.counters["windows_before_a_keyframe"] == 1


def test_a_connection_is_not_fresh_after_a_restart_of_the_agent() -> None:
    reader = Reader()
    reader.feed(0, connections=[connection(1, HERE, THERE)])
    (side,) = reader.feed(5, run=T0 + 9, seq=0, connections=[connection(1, HERE, THERE, at=5, fresh=False)])
    assert (side["since"], side["fresh"]) == (T0 + 5 * WIDTH, False)


def test_a_reboot_forgets_everything() -> None:
    reader = Reader()
    what: dict[str, Any] = {
        "processes": [process(7)],
        "connections": [connection(1, HERE, THERE)],
        "owners": holds(7, 1),
    }
    reader.feed(0, **what)
    assert reader.feed(1, boot="5ec0-nd", run=T0 + 9, seq=0) == []
    (side,) = reader.feed(2, boot="5ec0-nd", run=T0 + 9, seq=1, connections=[connection(1, HERE, THERE, at=2)])
    assert side["node"] == ""


def test_loopback_has_both_ends_on_one_host_in_its_namespace() -> None:
    ends = [connection(1, "127.0.0.1:33000", "127.0.0.1:80"), connection(2, "127.0.0.1:80", "127.0.0.1:33000")]
    emitted = Reader().feed(0, connections=ends)
    assert {side["flow"] for side in emitted} == {"tcp h1/4026531840@127.0.0.1:80 h1/4026531840@127.0.0.1:33000"}
    assert sorted(side["end"] for side in emitted) == [0, 1]


def test_a_bridge_of_the_host_is_kept_apart_from_the_same_subnet_elsewhere() -> None:
    bridge = {"name": "docker0", "address": "172.17.0.1", "prefix": 16, "local": True}
    reader = Reader()
    (side,) = reader.feed(0, interfaces=[bridge], connections=[connection(1, "172.17.0.1:33000", "172.17.0.2:80")])
    assert side["flow"] == "tcp h1@172.17.0.1:33000 h1@172.17.0.2:80"
    (side, _) = reader.feed(1, connections=[connection(2, "172.17.0.1:33001", "172.17.0.2:80")])
    assert "h1@172.17.0.2:80" in side["flow"], "the interfaces of a keyframe stand until the next"
