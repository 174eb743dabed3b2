"""Protocols are recognised by their first bytes, and what only looks like one is none."""

import ssl
import struct
import subprocess
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.protocols.first_bytes import HTTP2_PREFACE
from collectors.protocols.known import ASKED, PLAIN, asked, plain, ssh
from collectors.protocols.tls import client_hello, server_hello
from tests.collectors.protocols.calling import SETTINGS, TAKEN, frame

OP_MSG = b"\x16\0\0\0" + (2013).to_bytes(4, "little") + bytes(5) + b"\x0c\0\0\0\x10a\0\1\0\0\0\0"


def framed(body: bytes) -> bytes:
    """Return what begins with its length, the lowest byte first and itself included."""
    return (len(body) + 4).to_bytes(4, "little") + body


def kafka(key: int, version: int, name: bytes) -> bytes:
    body = (
        key.to_bytes(2, "big") + version.to_bytes(2, "big") + b"\0\0\0\7" + len(name).to_bytes(2, "big") + name + b"\0"
    )
    return len(body).to_bytes(4, "big") + body


RECOGNISED = {
    HTTP2_PREFACE + b"\0\0\0\4\0\0\0\0\0": "http/2",
    b"AMQP\0\0\x09\1": "amqp",
    b"AMQP\3\1\0\0": "amqp",
    framed(b"\7\0\0\0" + bytes(4) + OP_MSG[4:]): "mongodb",
    framed(struct.pack("<IIII", 7, 0, 2004, 0) + b"admin.$cmd\0" + bytes(30)): "mongodb",
    kafka(18, 3, b"adminclient-1"): "kafka",
    kafka(3, 12, b"rdkafka"): "kafka",
}  # fmt: skip
MONGODB = framed(b"\7\0\0\0" + bytes(4) + OP_MSG[4:])
ANSWERS = [
    ("http/2", HTTP2_PREFACE, SETTINGS),
    ("http/2", HTTP2_PREFACE, TAKEN),
    ("amqp", b"AMQP\0\0\x09\1", b"\1\0\0\0\0\1\xf3\0\x0a\0\x0a\0\x09" + bytes(490)),
    ("amqp", b"AMQP\3\1\0\0", b"AMQP\3\1\0\0"),
    ("mongodb", MONGODB, framed(b"\3\0\0\0\7\0\0\0" + OP_MSG[4:])),
    ("kafka", kafka(18, 3, b"client"), b"\0\0\0\x06" + b"\0\0\0\7" + bytes(2)),
]
NO_ANSWERS = [
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"-ERR unknown command\r\n",
    frame(4, 0, 1, b""),
    frame(4, 0, 0, b"odd"),
    frame(7, 0, 0, bytes(8)),
    framed(b"\3\0\0\0\x08\0\0\0" + OP_MSG[4:]),
    b"\0\0\0\x06" + b"\0\0\0\x08" + bytes(2),
    b"\0\0\0\x07" + b"\0\0\0\7" + bytes(2),
    b"\1\0\0\0\0\1\xf3\0\x0a\0\x0b\0\x09" + bytes(490),
    bytes(64),
]
OTHERS = [
    TAKEN,
    b"PRI * HTTP/1.1\r\n",
    b"AMQP\0\0\x09\1 and more",
    kafka(200, 3, b"client"),
    kafka(3, 12, b"\xff\xfe"),
    kafka(3, 12, b"name")[:-1],
    framed(b"\7\0\0\0" + bytes(4) + OP_MSG[4:]) + b"x",
    (70).to_bytes(3, "little") + b"\0\n" + b"not a version" + bytes(57),
    b"GET / HTTP/1.1\r\n\r\n",
    b"220 mail.example.com ESMTP\r\n",
    bytes(64),
    b"\xff" * 64,
    *(Random(seed).randbytes(64) for seed in range(500)),
]


@pytest.mark.parametrize(("payload", "found"), RECOGNISED.items(), ids=range(len(RECOGNISED)))
def test_first_bytes_show_what_a_client_speaks(payload: bytes, found: str) -> None:
    one = plain(payload, len(payload))
    assert one is not None
    assert one.name == found


@pytest.mark.parametrize(("name", "asking", "answer"), ANSWERS)
def test_an_answer_is_recognised_by_its_request(name: str, asking: bytes, answer: bytes) -> None:
    one = plain(asking, len(asking))
    assert one is not None
    assert one.name == name
    answers = [answer, *(other for other in NO_ANSWERS if one.answers(other, len(other), asking[:ASKED]))]
    assert answers == [answer]
    assert one.answers(answer, len(answer), asking[:ASKED])


def test_what_only_looks_like_a_protocol_is_none() -> None:
    assert [payload for payload in OTHERS if plain(payload, len(payload)) or ssh(payload, len(payload))] == []


def test_ssh_is_known_by_the_identification_of_either_end() -> None:
    assert ssh(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", 32)
    assert not ssh(b"SSH-3.0-x\r\n", 11)


@given(st.binary(max_size=200))
def test_any_bytes_do_no_harm(payload: bytes) -> None:
    for size in (len(payload), len(payload) + 1_000):
        plain(payload, size)
        asked(payload, size)
        for one in PLAIN:
            one.answers(payload, size, payload[:ASKED])
    client_hello(payload)
    server_hello(payload)


def hellos(version: ssl.TLSVersion, name: str | None, folder: Path) -> tuple[bytes, bytes]:
    """Return the first bytes that a client and a server of OpenSSL send to each other."""
    key = folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=x", "-keyout", key, "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", key)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.minimum_version, client.maximum_version = version, version
    asking = [ssl.MemoryBIO() for _ in range(2)]
    answering = [ssl.MemoryBIO() for _ in range(2)]
    one = client.wrap_bio(asking[0], asking[1], server_hostname=name)
    other = server.wrap_bio(answering[0], answering[1], server_side=True)
    with pytest.raises(ssl.SSLWantReadError):
        one.do_handshake()
    asked = asking[1].read()
    answering[0].write(asked)
    with pytest.raises(ssl.SSLWantReadError):
        other.do_handshake()
    return asked, answering[1].read()


@pytest.mark.parametrize("name", ["api.example.com", None])
@pytest.mark.parametrize(
    ("version", "shown"), [(ssl.TLSVersion.TLSv1_2, "tls 1.2"), (ssl.TLSVersion.TLSv1_3, "tls 1.3")]
)
def test_hellos_show_version_and_name(version: ssl.TLSVersion, shown: str, name: str | None, tmp_path: Path) -> None:
    asked, answered = hellos(version, name, tmp_path)
    assert client_hello(asked) == (name or "")
    assert server_hello(answered) == shown
    assert (client_hello(answered), server_hello(asked)) == (None, "")
    for end in range(len(asked)):  # as much as is there
        assert client_hello(asked[:end]) in (None, "", name)


@pytest.mark.parametrize(
    ("name", "shown"), [(b"A.B", "a.b"), (b"\xff", ""), (b"a b", ""), (b"a\x1b[31m", ""), (b"x" * 300, ""), (b"", "")]
)
def test_a_name_that_is_none_is_not_reported(name: bytes, shown: str) -> None:
    extension = struct.pack("!HBH", len(name) + 3, 0, len(name)) + name
    extensions = struct.pack("!HHH", len(extension) + 4, 0, len(extension)) + extension
    hello = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + extensions
    message = b"\1" + len(hello).to_bytes(3, "big") + hello
    assert client_hello(b"\x16\3\1" + len(message).to_bytes(2, "big") + message) == shown
