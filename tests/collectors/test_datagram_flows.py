"""Flows of UDP sockets without a peer, from the datagrams of a window and the sockets of its scan."""

import socket
from collections.abc import Iterable
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import diag
from collectors.datagram_flows import (
    MOST_NEW,
    MOST_OF_PEER,
    MOST_OF_PORT,
    QUIET_MS,
    DatagramFlows,
)
from collectors.diag import Identity, Plain
from collectors.socket_scan import Seen
from collectors.tracked import ConnectionRow
from collectors.window import Window

HERE, THERE, OTHER = "10.0.0.1", "10.0.0.2", "10.0.0.3"
WIDTH = 5_000
Ends = tuple[str, int, str, int]


def flow(source: str, port: int, target: str, target_port: int) -> bytes:
    packed = ip_address(source).packed + ip_address(target).packed
    return packed + port.to_bytes(2, "big") + target_port.to_bytes(2, "big")


def bound(cookie: int, port: int, address: str = "0.0.0.0", inode: int = 9) -> Plain:
    return Plain(socket.IPPROTO_UDP, cookie, diag.CLOSE, inode, 0, Identity(address, port, "0.0.0.0", 0, 1000))


class Watched:
    """A host with one address, window by window."""

    def __init__(self, *sockets: Plain, most: int = 4_096, here: bool = True) -> None:
        self.flows = DatagramFlows(7, most, lambda _: here)
        self.sockets = {one.cookie: one for one in sockets}
        self.at = 0
        self.own = {ip_address(HERE).packed}

    def window(
        self,
        *datagrams: bytes,
        sockets: Iterable[Plain] | None = None,
        closed: Iterable[Plain] = (),
        peers: Iterable[Ends] = (),
        gone: Iterable[Ends] = (),
        keyframe: bool = False,
    ) -> list[ConnectionRow]:
        if sockets is not None:
            self.sockets = {one.cookie: one for one in sockets}
        connected = {
            nth: Plain(socket.IPPROTO_UDP, nth, diag.ESTABLISHED, nth, 0, Identity(*ends, 0))
            for nth, ends in enumerate(peers, 900)
        }
        seen = Seen(
            listening=self.sockets,
            udp=connected,
            udp_closed=[(800, Identity(*ends, 0)) for ends in gone],
            unbound=list(closed),
            events_complete=True,
        )
        self.at += WIDTH
        window = Window("host", "boot", 1, 0, self.at, WIDTH, keyframe)
        return self.flows.rows(datagrams, seen, self.own, window)

    def until_quiet(self) -> list[ConnectionRow]:
        return [row for _ in range(QUIET_MS // WIDTH) for row in self.window()]


def ends(rows: list[ConnectionRow]) -> list[Ends]:
    return [row[2:6] for row in rows]


def test_a_client_has_a_row_for_each_peer_of_its_socket() -> None:
    rows = Watched(bound(1, 40_000)).window(flow(HERE, 40_000, THERE, 8125), flow(HERE, 40_000, OTHER, 8125))
    assert ends(rows) == [(HERE, 40_000, THERE, 8125), (HERE, 40_000, OTHER, 8125)]
    assert [(row.socket, row.accepted, row.uid, row.closed) for row in rows] == [(1, False, 1000, False)] * 2
    assert len({row.cookie for row in rows}) == 2
    assert min(row.cookie for row in rows) >= 1 << 62


def test_a_server_has_a_row_for_each_address_that_asks_it() -> None:
    rows = Watched(bound(1, 8125)).window(flow(THERE, 40_000, HERE, 8125), flow(OTHER, 40_000, HERE, 8125))
    assert ends(rows) == [(HERE, 8125, THERE, 40_000), (HERE, 8125, OTHER, 40_000)]
    assert [(row.socket, row.accepted) for row in rows] == [(1, True)] * 2


def test_both_ends_on_one_host_are_two_rows() -> None:
    rows = Watched(bound(1, 40_000), bound(2, 8125)).window(flow(HERE, 40_000, HERE, 8125))
    assert {(row.local_port, row.socket, row.accepted) for row in rows} == {(40_000, 1, False), (8125, 2, True)}


@pytest.mark.parametrize(
    ("source", "target", "serves"),
    [(40_000, 53, False), (53, 40_000, True), (123, 123, False), (40_000, 41_000, False)],
)
def test_the_end_with_a_port_of_clients_asks_else_who_sends_first(source: int, target: int, *, serves: bool) -> None:
    (row,) = Watched(bound(1, source)).window(flow(HERE, source, THERE, target), flow(THERE, target, HERE, source))
    assert row.accepted is serves


def test_a_flow_lasts_until_it_has_been_quiet_for_a_time_and_is_restated_by_keyframes() -> None:
    watched, datagram = Watched(bound(1, 8125)), flow(THERE, 40_000, HERE, 8125)
    (opened,) = watched.window(datagram)
    assert watched.window(datagram) == []
    (restated,) = watched.window(datagram, keyframe=True)
    assert (restated.cookie, restated.since, restated.closed) == (opened.cookie, opened.since, False)
    (closed,) = watched.until_quiet()
    assert (closed.cookie, closed.closed) == (opened.cookie, True)
    assert watched.window(keyframe=True) == []


def test_flows_count_as_new_once_those_that_were_there_before_would_have_been_seen() -> None:
    watched = Watched(bound(1, 8125))
    (early,) = watched.window(flow(THERE, 40_000, HERE, 8125))
    watched.until_quiet()
    (late,) = watched.window(flow(OTHER, 40_000, HERE, 8125))
    assert (early.fresh, early.opened, late.fresh, late.opened) == (False, False, True, True)


def test_who_asks_from_ever_new_ports_is_one_flow_at_either_end() -> None:
    asking = [flow(HERE, 40_000 + nth, THERE, 53) for nth in range(100)]
    client = Watched()
    assert client.window(*asking) == []
    (row,) = client.window()
    assert (ends([row]), row.accepted, row.socket) == ([(HERE, 0, THERE, 53)], False, row.cookie)
    asked = [flow(THERE, 40_000 + nth, HERE, 53) for nth in range(100)]
    server = Watched(bound(1, 53))
    assert ends(server.window(*asked[:50])) == [(HERE, 53, THERE, 40_000)]
    assert server.window(*asked[50:]) == []


def test_further_ports_of_an_address_that_go_on_asking_have_rows_of_their_own() -> None:
    asking = [flow(THERE, 40_000 + nth, HERE, 53) for nth in range(MOST_OF_PEER)]
    server = Watched(bound(1, 53))
    assert len(server.window(*asking)) == 1
    assert len(server.window(*asking)) == MOST_OF_PEER - 1
    assert server.window(*asking, flow(THERE, 50_000, HERE, 53)) == []
    assert server.window(flow(THERE, 50_000, HERE, 53)) == []


def test_ports_that_are_used_again_by_chance_are_not_taken_for_clients_that_go_on_asking() -> None:
    asking = [flow(THERE, 40_000 + nth, HERE, 53) for nth in range(MOST_OF_PEER + 2)]
    server = Watched(bound(1, 53))
    assert len(server.window(*asking)) == 1
    assert server.window(*asking) == []
    assert server.until_quiet()[0].closed
    assert len(server.window(*asking)) == 1


def test_connected_sockets_are_reported_by_the_scan_alone() -> None:
    asked, ends_of = flow(HERE, 40_000, THERE, 53), (HERE, 40_000, THERE, 53)
    assert Watched().window(asked, peers=[ends_of]) == []
    assert Watched(bound(1, 40_000)).window(asked, gone=[ends_of]) == []
    early = Watched()
    assert early.window(gone=[ends_of]) + early.window(asked) + early.window() == []
    late = Watched()
    assert late.window(asked) + late.window(gone=[ends_of]) + late.window() == []


def test_datagrams_to_ports_without_a_socket_are_no_flows() -> None:
    watched = Watched()
    scanned = [flow(THERE, 40_000, HERE, port) for port in range(1, 1_000)]
    assert watched.window(*scanned) + watched.window() == []


def test_answers_to_a_socket_that_is_gone_are_no_question_of_ours() -> None:
    watched = Watched()
    assert watched.window(flow(THERE, 53, HERE, 40_000)) + watched.window() == []


def test_what_the_host_passes_on_under_its_address_is_not_its_own() -> None:
    through = [flow(HERE, 40_000, THERE, 53), flow(THERE, 40_000, HERE, 5353)]
    watched = Watched(bound(1, 5353), here=False)
    assert watched.window(*through) + watched.window() == []


def test_tunnels_of_the_kernel_are_no_programs() -> None:
    watched = Watched(bound(1, 4789, inode=0))
    assert watched.window(flow(HERE, 40_000, THERE, 4789), flow(THERE, 50_000, HERE, 4789)) + watched.window() == []


def test_the_socket_that_is_bound_most_closely_is_asked() -> None:
    asked = flow(THERE, 40_000, HERE, 53)
    sockets = bound(1, 53, "::"), bound(2, 53), bound(3, 53, HERE), bound(4, 53, OTHER)
    assert [row.socket for row in Watched(*sockets).window(asked)] == [3]
    assert [row.socket for row in Watched(*sockets[:2]).window(asked)] == [2]
    assert [row.socket for row in Watched(*sockets[:1]).window(asked)] == [1]
    assert Watched(sockets[3]).window(asked) == []


def test_of_several_sockets_of_one_port_none_is_named() -> None:
    (row,) = Watched(bound(1, 53), bound(2, 53)).window(flow(THERE, 40_000, HERE, 53))
    assert (row.socket, row.accepted) == (row.cookie, True)
    watched = Watched(bound(1, 40_000), bound(2, 40_000))
    assert watched.window(flow(HERE, 40_000, THERE, 53)) == []
    assert ends(watched.window()) == [(HERE, 0, THERE, 53)]


def test_a_server_that_is_replaced_has_another_row() -> None:
    watched, asked = Watched(bound(1, 53)), flow(THERE, 40_000, HERE, 53)
    (first,) = watched.window(asked)
    (closed,) = watched.window(asked, sockets=[bound(2, 53)], closed=[bound(1, 53)])
    (second,) = watched.window(asked)
    assert (closed.cookie, closed.closed, closed.socket) == (first.cookie, True, 1)
    assert (second.socket, second.closed, second.cookie != first.cookie) == (2, False, True)


def test_while_two_sockets_had_a_port_one_after_the_other_neither_is_named() -> None:
    (row,) = Watched(bound(2, 53)).window(flow(THERE, 40_000, HERE, 53), closed=[bound(1, 53)])
    assert (row.socket, row.closed) == (row.cookie, True)
    late = Watched()
    late.window(closed=[bound(1, 53)])
    (row,) = late.window(flow(THERE, 40_000, HERE, 53), sockets=[bound(2, 53)])
    assert (row.socket, row.closed) == (row.cookie, True)
    watched = Watched(bound(2, 40_000))
    assert watched.window(flow(HERE, 40_000, THERE, 53), closed=[bound(1, 40_000)]) == []
    assert ends(watched.window()) == [(HERE, 0, THERE, 53)]


def test_a_flow_has_one_number_for_every_run_of_an_agent() -> None:
    first, second = (Watched(bound(1, 53)).window(flow(THERE, 40_000, HERE, 53)) for _ in range(2))
    assert first[0].cookie == second[0].cookie


def test_what_is_beyond_the_bounds_is_left_out_and_counted() -> None:
    flood = [flow(f"10.{nth >> 8}.{nth & 255}.9", 40_000, HERE, 53) for nth in range(2 * MOST_OF_PORT)]
    watched = Watched(bound(1, 53))
    assert len(watched.window(*flood)) == MOST_NEW
    assert len(watched.window(*flood)) == MOST_OF_PORT - MOST_NEW
    assert watched.window(*flood) == []
    assert watched.flows.beyond == MOST_OF_PORT
    assert watched.flows.dropped > watched.flows.beyond
    small = Watched(bound(1, 53), most=10)
    assert (len(small.window(*flood)), small.flows.beyond) == (10, 2 * MOST_OF_PORT - 10)


_NEAR = st.sampled_from([HERE, THERE, OTHER])
_PORTS = st.sampled_from([0, 53, 123, 8125, 40_000, 40_001])


@given(
    st.lists(
        st.tuples(
            st.lists(st.builds(flow, _NEAR, _PORTS, _NEAR, _PORTS)),
            st.lists(st.builds(bound, st.integers(1, 6), st.sampled_from([53, 8125, 40_000])), max_size=4),
            st.booleans(),
        ),
        max_size=8,
    )
)
def test_rows_open_go_on_and_close_in_order(windows: list[tuple[list[bytes], list[Plain], bool]]) -> None:
    watched = Watched()
    open_rows: dict[int, Ends] = {}
    for datagrams, sockets, keyframe in windows:
        rows = watched.window(*datagrams, sockets=sockets, keyframe=keyframe)
        assert len({row.cookie for row in rows}) == len(rows)
        for row in rows:
            assert open_rows.setdefault(row.cookie, row[2:6]) == row[2:6]
        if keyframe:
            assert open_rows.keys() == {row.cookie for row in rows}
        for row in rows:
            if row.closed:
                del open_rows[row.cookie]
    watched.window()  # clients whose sockets nobody has seen are known a window late
    watched.until_quiet()
    assert watched.window(keyframe=True) == []
