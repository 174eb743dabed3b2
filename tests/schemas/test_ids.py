"""Every id can be read back, whatever the addresses and scopes."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import ids
from schemas.ids import Endpoint, ProcessId

hosts = st.from_regex(ids.HOST_ID, fullmatch=True)
addresses = st.builds(str, st.builds(IPv4Address, st.integers(0, 2**32 - 1))) | st.builds(
    str, st.builds(IPv6Address, st.integers(0, 2**128 - 1))
)
scopes = st.just("") | hosts | st.builds("{}/{}".format, hosts, st.integers(1, 2**32 - 1))
endpoints = st.builds(Endpoint, scopes, addresses, st.integers(0, 65_535))


@given(endpoints)
def test_an_endpoint_reads_back(end: Endpoint) -> None:
    assert ids.parse_endpoint(ids.format_endpoint(end)) == end


@given(st.sampled_from(["tcp", "udp", "132"]), endpoints, endpoints)
def test_a_flow_reads_back_and_is_the_same_from_both_ends(transport: str, one: Endpoint, other: Endpoint) -> None:
    flow, end = ids.format_flow(transport, one, other)
    back, opposite = ids.format_flow(transport, other, one)
    assert flow == back
    parsed = ids.parse_flow(flow)
    assert parsed.transport == transport
    assert (parsed.a, parsed.b)[end] == one
    assert (parsed.a, parsed.b)[opposite] == other
    assert parsed.a <= parsed.b


@given(hosts, st.uuids(), st.integers(1, 2**22), st.integers(0, 2**63))
def test_a_process_reads_back(host: str, boot: object, pid: int, start: int) -> None:
    node = ids.process_node(host, str(boot), pid, start)
    assert ids.parse_process(node) == ProcessId(host, str(boot)[:8], pid, start)


@pytest.mark.parametrize("text", ["", "nothing", "10.0.0.1", ":80", "h1@:80", "10.0.0.1:http"])
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is int()'s
        ids.parse_endpoint(text)


@pytest.mark.parametrize("text", ["", "tcp 10.0.0.1:80", "tcp a b c d"])
def test_what_is_no_flow_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a flow"):
        ids.parse_flow(text)


@pytest.mark.parametrize("node", ["", "host:h1", "process:h1:b:1", "service:process"])
def test_what_is_no_process_is_refused(node: str) -> None:
    with pytest.raises(ValueError, match="not a process node"):
        ids.parse_process(node)


def test_the_other_nodes_show_what_they_are() -> None:
    assert ids.host_node("h1") == "host:h1"
    assert ids.service_node("nginx") == "service:nginx"
    assert ids.address_node("", "192.0.2.1") == "address:192.0.2.1"
    assert ids.address_node("h1/7", "127.0.0.1") == "address:h1/7@127.0.0.1"
