"""Of a request of HTTP/1 the host name is read, where it is one name and no address, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.http_filter import METHODS
from collectors.protocols.http_host import host_of


def request(*lines: str, first: str = "GET /a?b=c HTTP/1.1", end: str = "\r\n\r\n") -> bytes:
    return ("\r\n".join((first, *lines)) + end).encode()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Host: api.example.com", "api.example.com"),
        ("hOST:API.example.com:8080", "api.example.com"),
        ("host: \t api.example.com. \t", "api.example.com"),
        ("Host: 203.0.113.7", ""),
        ("Host: [2001:db8::1]:80", ""),
        ("Host: localhost", ""),
        ("Host:", ""),
        ("Host: a.b/../c", ""),
        ("Host: user@a.example", ""),
        ("Host: a.example:80:90", ""),
        ("Host: " + "a." * 127 + "aa", ""),
        ("Host: \xe4.example", ""),
        ("X-Forwarded-Host: api.example.com", ""),
        ("X: y Host: api.example.com", ""),
    ],
)
def test_a_name_is_read_as_it_stands_and_an_address_or_what_is_no_name_is_not(line: str, name: str) -> None:
    assert host_of(request("Accept: */*", line, "X: y")) == name


@pytest.mark.parametrize(
    "what",
    [
        request("Host: a.example", "Host: b.example"),
        request("Host: a.example", first="GET http://a.example/ HTTP/1.1"),
        request("Host: a.example", first="CONNECT a.example:443 HTTP/1.1"),
        request("Host: a.example", first="GET / HTTP/2"),
        request("Host: a.example", first="get / HTTP/1.1"),
        request("X: y", end="\r\n\r\nHost: a.example\r\n"),
        request("Host: a.exam", end=""),
        b"POST / HTTP/1.1 Host: a.example\r\n",
    ],
)
def test_nothing_is_read_of_two_names_of_proxies_of_bodies_or_of_what_is_cut(what: bytes) -> None:
    assert host_of(what) == ""


@given(
    st.sampled_from(METHODS),
    st.binary(max_size=200),
    st.lists(st.sampled_from([b"Host: a.example\r\n", b"\r\n", b"\n", b"Host:", b"x: y\r\n", b"\0\xff"])),
)
def test_any_request_is_read_or_passed_over(method: str, path: bytes, lines: list[bytes]) -> None:
    assert host_of(method.encode() + b" /" + path + b" HTTP/1.1\r\n" + b"".join(lines)) in ("", "a.example")
