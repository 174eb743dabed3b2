"""The kernel's part of finding out what ports serve, and of following the protocols whose requests are counted.

A classic BPF program without memory: it cannot know which segment is the first of a connection. So it passes

* the beginnings of segments that look like a protocol, wherever they come from; what they are is decided by others;
* of ports that are `followed`, the payload, and the headers of what ends connections (FIN, RST);
* datagrams of DNS, from and to port 53;
* of ports that are `settled` (it is known what they serve, and there is nothing to follow), nothing at all.
"""

from collections.abc import Collection, Iterable
from socket import IPPROTO_UDP

from collectors import packet_filter as bpf
from collectors.http_filter import FIN, RST, TOKENS
from collectors.protocols.dns import PORT
from collectors.sampling import passing_by, sampling

LOOKED_AT = 1_024  # payload bytes of a segment that looks like a protocol
FOLLOWED = 16 << 10  # of one of a port that is followed
BRIEF = 4 << 10  # of an answer by one whose middle need not be seen
MOST_PORTS = 48  # of either kind: jumps reach 255 instructions
LEAST = 8  # payload bytes that a protocol can be seen by

# How SSH, AMQP and HTTP/2 begin, and the commands of memcached.
_BEGINNINGS = "SSH-|AMQP|PRI |get |gets|gat |gats|set |add |repl|appe|prep|cas |dele|incr|decr|touc"
_WORDS = tuple(int.from_bytes(word.encode(), "big") for word in _BEGINNINGS.split("|"))
_REQUEST_WORDS = tuple(dict.fromkeys(int.from_bytes(token[:4], "big") for token in TOKENS))
_META_WORDS = tuple(int.from_bytes(word, "big") << 8 for word in (b"mg ", b"ms ", b"md ", b"ma "))
_SIZE, _START, _WORD, _LIMIT = 3, 4, 5, 6  # where the payload's size and start, and the like, are stored


def program(
    halvings: int = 0,
    followed: Collection[int] = (),
    settled: Collection[int] = (),
    brief: Collection[int] = (),
    *,
    hosts: bool = False,
) -> bytes:
    """Return the filter for one in 2**halvings flows as an array of struct sock_filter.

    With `hosts` it passes the beginnings of HTTP/1 requests to peers elsewhere.

    Of ports that are `brief`, less of answers is followed. Jumps reach 255 instructions and lead forward only, so each
    part has ways out of its own.
    """
    return bpf.assembled(
        [
            *passing_by(halvings),
            *_dns(halvings),
            *bpf.TCP,
            *sampling(halvings),
            *_ports(followed, settled, brief),
            (bpf.JA, 0, "other port", "other port"),
            *bpf.DROP,
            *_FOLLOW,
            "other port",
            *_START_OF_PAYLOAD,
            *_LONG_ENOUGH,
            *(_ASKS_FOR_A_HOST if hosts else ()),
            *_LOOKS,
        ]
    )


def _dns(halvings: int) -> Iterable[bpf.Step]:
    """Pass datagrams from and to port 53, leave others out, and go on with what is no UDP."""
    yield from (
        *bpf.VERSION,
        (bpf.JEQ, 0x40, "", "UDP of IPv6"),
        (bpf.LDB, 9, "", ""),
        (bpf.JEQ, IPPROTO_UDP, "", "no UDP"),
        (bpf.LDH, 6, "", ""),
        (bpf.JSET, 0x1FFF, "no DNS", ""),  # a later fragment
        (bpf.LDXB, 0, "", ""),
        (bpf.JA, 0, "UDP", "UDP"),
        "UDP of IPv6",
        (bpf.LDB, 6, "", ""),
        (bpf.JEQ, IPPROTO_UDP, "", "no UDP"),
        (bpf.LDX, 40, "", ""),
        "UDP",
        (bpf.LDHX, 0, "", ""),
        (bpf.JEQ, PORT, "DNS", ""),
        (bpf.LDHX, 2, "", ""),
        (bpf.JEQ, PORT, "DNS", "no DNS"),
        "DNS",
    )
    for step in sampling(halvings):
        yield step if isinstance(step, str) else (*step[:3], "no DNS" if step[3] == "drop" else step[3])
    yield from ((bpf.RET, LOOKED_AT, "", ""), "no DNS", (bpf.RET, 0, "", ""), "no UDP")


def _ports(followed: Collection[int], settled: Collection[int], brief: Collection[int]) -> Iterable[bpf.Step]:
    for at, shortly in ((0, brief), (2, ())):  # source and destination
        yield (bpf.LDHX, at, "", "")
        for port in sorted(followed)[:MOST_PORTS]:
            yield (bpf.JEQ, port, "follow briefly" if port in shortly else "follow", "")
        for port in sorted(settled)[:MOST_PORTS]:
            yield (bpf.JEQ, port, "drop", "")


# Puts the start of the payload into X and its size into A, and stores both.
_START_OF_PAYLOAD: tuple[bpf.Step, ...] = (
    (bpf.LDBX, 12, "", ""),  # data offset, in words, in its upper half
    (bpf.AND, 0xF0, "", ""),
    (bpf.RSH, 2, "", ""),
    (bpf.ADDX, 0, "", ""),
    (bpf.TAX, 0, "", ""),
    (bpf.STX, _START, "", ""),
    (bpf.LEN, 0, "", ""),
    (bpf.SUBX, 0, "", ""),
    (bpf.ST, _SIZE, "", ""),
)
_FOLLOW: tuple[bpf.Step, ...] = (
    "follow briefly",
    (bpf.LDK, BRIEF, "", ""),
    (bpf.JA, 0, "so much", "so much"),
    "follow",
    (bpf.LDK, FOLLOWED, "", ""),
    "so much",
    (bpf.ST, _LIMIT, "", ""),
    (bpf.LDBX, 13, "", ""),
    (bpf.JSET, FIN | RST, "whole", ""),
    *_START_OF_PAYLOAD,
    (bpf.JEQ, 0, "nothing", "whole"),
    "whole",
    (bpf.LDM, _LIMIT, "", ""),
    (bpf.RETA, 0, "", ""),
    "nothing",
    (bpf.RET, 0, "", ""),
)
_LONG_ENOUGH: tuple[bpf.Step, ...] = (
    (bpf.JGE, LEAST, "long enough", ""),
    (bpf.RET, 0, "", ""),
    "long enough",
    (bpf.LDWX, 0, "", ""),
    (bpf.ST, _WORD, "", ""),
)
# Requests that this host sends to an address that is not private (RFC 1918, 3927, 6598, 4193). A is left as it was.
_ASKS_FOR_A_HOST: tuple[bpf.Step, ...] = (
    *((bpf.JEQ, word, "request", "") for word in _REQUEST_WORDS),
    (bpf.JA, 0, "no request of HTTP", "no request of HTTP"),
    "request",
    (bpf.LDB, bpf.PACKET_TYPE, "", ""),
    (bpf.JEQ, bpf.FROM_US, "", "for nobody elsewhere"),
    *bpf.VERSION,
    (bpf.JEQ, 0x40, "", "to IPv6"),
    (bpf.LDB, 16, "", ""),
    (bpf.JEQ, 10, "for nobody elsewhere", ""),
    (bpf.JEQ, 127, "for nobody elsewhere", ""),
    (bpf.LDH, 16, "", ""),
    (bpf.JEQ, 0xC0A8, "for nobody elsewhere", ""),
    (bpf.JEQ, 0xA9FE, "for nobody elsewhere", ""),
    (bpf.AND, 0xFFF0, "", ""),
    (bpf.JEQ, 0xAC10, "for nobody elsewhere", ""),
    (bpf.AND, 0xFFC0, "", ""),
    (bpf.JEQ, 0x6440, "for nobody elsewhere", "for a host"),
    "to IPv6",
    (bpf.LDB, 24, "", ""),
    (bpf.AND, 0xFE, "", ""),
    (bpf.JEQ, 0xFC, "for nobody elsewhere", ""),
    (bpf.LDH, 24, "", ""),
    (bpf.AND, 0xFFC0, "", ""),
    (bpf.JEQ, 0xFE80, "for nobody elsewhere", ""),
    "for a host",
    (bpf.LDM, _START, "", ""),
    (bpf.ADD, LOOKED_AT, "", ""),
    (bpf.RETA, 0, "", ""),
    "for nobody elsewhere",
    (bpf.RET, 0, "", ""),
    "no request of HTTP",
)
_LOOKS: tuple[bpf.Step, ...] = (
    *((bpf.JEQ, word, "looks", "") for word in _WORDS),
    (bpf.AND, 0xFFFF_FF00, "", ""),
    *((bpf.JEQ, word, "looks", "") for word in _META_WORDS),
    # Redis: an array of up to 9, or up to 99, of strings: *3\r\n$ *12\r\n$
    (bpf.LDM, _WORD, "", ""),
    (bpf.AND, 0xFFF0_FFFF, "", ""),
    (bpf.JEQ, 0x2A30_0D0A, "", "not nine"),
    (bpf.LDBX, 4, "", ""),
    (bpf.JEQ, ord("$"), "looks", "no"),
    "not nine",
    (bpf.LDM, _WORD, "", ""),
    (bpf.AND, 0xFFF0_F0FF, "", ""),
    (bpf.JEQ, 0x2A30_300D, "looks", ""),
    # TLS: a handshake, of which a hello.
    (bpf.LDHX, 0, "", ""),
    (bpf.JEQ, 0x1603, "", "no handshake"),
    (bpf.LDBX, 5, "", ""),
    (bpf.JEQ, 1, "looks", ""),
    (bpf.JEQ, 2, "looks", "no"),
    "no handshake",
    # HTTP/2: settings, with which a server begins too, or headers with some flags, as in first segments.
    (bpf.LDM, _WORD, "", ""),
    (bpf.AND, 0xFFFF_00FF, "", ""),
    (bpf.JEQ, 0x0000_0004, "", "no settings"),
    (bpf.LDWX, 4, "", ""),
    (bpf.JSET, 0xFEFF_FFFF, "no settings", "looks"),
    "no settings",
    (bpf.LDM, _WORD, "", ""),
    (bpf.AND, 0xFF00_00FF, "", ""),
    (bpf.JEQ, 0x0000_0001, "", "no headers"),
    (bpf.LDWX, 5, "", ""),
    (bpf.JEQ, 0x0000_0001, "looks", ""),
    "no headers",
    # AMQP 0-9-1: the server's Start, on channel 0.
    (bpf.LDM, _WORD, "", ""),
    (bpf.JEQ, 0x0100_0000, "", "no start of AMQP"),
    (bpf.LDWX, 7, "", ""),
    (bpf.JEQ, 0x000A_000A, "looks", ""),
    "no start of AMQP",
    # MySQL: the server's greeting, a query or an execute (bytes 1 to 4: rest of the length, number, what it is).
    (bpf.LDWX, 1, "", ""),
    (bpf.JEQ, 0x0A, "looks", ""),
    (bpf.JEQ, 0x03, "looks", ""),
    (bpf.JEQ, 0x17, "looks", ""),
    # MongoDB: OP_MSG and OP_QUERY, the lowest byte first.
    (bpf.LDM, _SIZE, "", ""),
    (bpf.JGE, 21, "", "too short"),
    (bpf.LDWX, 12, "", ""),
    (bpf.JEQ, 0xDD07_0000, "looks", ""),
    (bpf.JEQ, 0xD407_0000, "looks", ""),
    "too short",
    # PostgreSQL: a connection's start is as long as it says, and has the version or a request for encryption.
    (bpf.LDM, _SIZE, "", ""),
    (bpf.LDXM, _WORD, "", ""),
    (bpf.JEQX, 0, "", "no start"),
    (bpf.LDXM, _START, "", ""),
    (bpf.LDWX, 4, "", ""),
    *((bpf.JEQ, code, "looks", "") for code in (0x0003_0000, 0x0003_0002, 80877103, 80877104)),
    (bpf.JA, 0, "no", "no"),
    "no start",
    # Kafka: a request is as long as it says, and its kind a small number.
    (bpf.SUB, 4, "", ""),
    (bpf.JEQX, 0, "", "no request"),
    (bpf.LDXM, _START, "", ""),
    (bpf.LDHX, 4, "", ""),
    (bpf.JGT, 127, "no", "looks"),
    "no request",
    # PostgreSQL: a query is as long as it says; other messages end with a Sync.
    (bpf.LDXM, _START, "", ""),
    (bpf.LDBX, 0, "", ""),
    (bpf.JEQ, ord("Q"), "query", ""),
    *((bpf.JEQ, kind, "messages", "") for kind in b"PBEDC"),
    (bpf.JA, 0, "no", "no"),
    "query",
    (bpf.LDWX, 1, "", ""),
    (bpf.ADD, 1, "", ""),
    (bpf.LDXM, _SIZE, "", ""),
    (bpf.JEQX, 0, "looks", "no"),
    "messages",
    (bpf.LEN, 0, "", ""),
    (bpf.SUB, 5, "", ""),
    (bpf.TAX, 0, "", ""),
    (bpf.LDBX, 0, "", ""),
    (bpf.JEQ, ord("S"), "", "no"),
    (bpf.LDWX, 1, "", ""),
    (bpf.JEQ, 4, "", "no"),
    "looks",
    (bpf.LDM, _START, "", ""),
    (bpf.ADD, LOOKED_AT, "", ""),
    (bpf.RETA, 0, "", ""),
    "no",
    (bpf.RET, 0, "", ""),
)
