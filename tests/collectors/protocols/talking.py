"""Dialogues of protocols, as bytes of a client and a server, and their way through a conversation."""

from collections.abc import Iterable

from collectors.conversation import Conversation, Stream
from collectors.protocols.memcached import Memcached
from collectors.protocols.mysql import MySQL
from collectors.protocols.parser import Parser
from collectors.protocols.postgresql import PostgreSQL
from collectors.protocols.redis import Redis
from tests.collectors.protocols.calling import CALLS
from tests.collectors.protocols.dialogue import ANSWERS, ASKS, Dialogue

MS = 1_000_000


class Line:
    """Segments between a client and a server, a millisecond apart, numbered as TCP does."""

    def __init__(self, parser: Parser, numbers: tuple[int, int] = (1_000, 5_000)) -> None:
        self.conversation = Conversation(parser, serves=True)
        self.numbers = dict(zip((ASKS, ANSWERS), numbers, strict=True))
        self.at = 0

    def put(self, who: str, data: bytes, size: int | None = None) -> None:
        """Send a segment, of which no more than `data` is seen."""
        self.at += MS
        size = len(data) if size is None else size
        sent, acknowledged = self.numbers[who], self.numbers[ANSWERS if who == ASKS else ASKS]
        self.stream(who).add(sent, acknowledged, data, size, self.at)
        self.numbers[who] = (sent + size) & 0xFFFF_FFFF

    def stream(self, who: str) -> Stream:
        """Return the direction in which an end sends."""
        return self.conversation.client if who == ASKS else self.conversation.server

    def counted(self) -> dict[str, int]:
        """Return what was counted since the last call."""
        answered: dict[str, int]
        answered, _, unanswered, given_up = self.conversation.parser.counts.take()
        others = {"unanswered": unanswered, "given up": given_up, "missed": self.conversation.missed}
        return answered | {name: count for name, count in others.items() if count}


def talk(parser: type[Parser], said: Iterable[tuple[str, bytes]]) -> Line:
    """Return the line after all of it was said."""
    line = Line(parser())
    for who, data in said:
        line.put(who, data)
    return line


def message(kind: str, body: bytes = b"") -> bytes:
    """Return a message of PostgreSQL."""
    return kind.encode() + (len(body) + 4).to_bytes(4, "big") + body


def startup(code: int, body: bytes = b"") -> bytes:
    """Return the start of a connection to a PostgreSQL."""
    return (len(body) + 8).to_bytes(4, "big") + code.to_bytes(4, "big") + body


def command(*words: bytes) -> bytes:
    """Return a command of Redis."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def packet(number: int, body: bytes) -> bytes:
    """Return a packet of MySQL."""
    return len(body).to_bytes(3, "little") + bytes((number,)) + body


QUERY = message("Q", b"SELECT secret FROM t\0")
READY = message("Z", b"I")
ROWS = message("T", b"\0\1" + b"x" * 20) + message("D", b"y" * 30) * 3
DONE = message("C", b"SELECT 3\0")
FAILED = message("E", b"SERROR\0C42P01\0Mno such table\0\0")
PARSED, BOUND = message("1"), message("2")
PARSE, BIND, DESCRIBE = message("P", b"\0SELECT $1\0\0\0"), message("B", b"\0" * 8), message("D", b"P\0")
EXECUTE, SYNC = message("E", b"\0\0\0\0\0"), message("S")
TLS = startup(80877103)
START = startup(0x30000, b"user\0nobody\0\0")
WELCOME = message("R", b"\0\0\0\0") + message("S", b"a\0b\0") + message("K", b"k" * 8) + READY
GREETING = packet(0, b"\x0a8.0.36\0" + b"x" * 60)
LOGIN = packet(1, (0x0F_A205).to_bytes(4, "little") + b"\0\0\0\1\x21" + bytes(23) + b"root\0\0")
WITH_TLS = packet(1, (0x0F_AA05).to_bytes(4, "little") + b"\0\0\0\1\x21" + bytes(23))
ACCEPTED = packet(2, b"\0\0\0\2\0\0\0")
ASK = packet(0, b"\x03select secret from t")
EXECUTED = packet(0, b"\x17\1\0\0\0\0\1\0\0\0")
OKAY, BAD = packet(1, b"\0\1\0\2\0\0\0"), packet(1, b"\xff\x7a\x04#42S02No such table")
RESULT = b"".join(packet(number & 0xFF, b"\x04rows" if number > 1 else b"\1") for number in range(1, 600))

DIALOGUES = [
    *CALLS,
    Dialogue(
        "commands and their replies",
        Redis,
        [
            (ASKS, command(b"SET", b"key", b"value")),
            (ANSWERS, b"+OK\r\n"),
            (ASKS, command(b"get", b"key")),
            (ANSWERS, b"$5\r\nvalue\r\n"),
            (ASKS, command(b"INCR", b"key")),
            (ANSWERS, b"-ERR value is not an integer or out of range\r\n"),
            (ASKS, command(b"GET", b"none")),
            (ANSWERS, b"$-1\r\n"),
        ],
        {"SET ok": 1, "GET ok": 2, "INCR error": 1},
    ),
    Dialogue(
        "a pipeline, with arrays in arrays",
        Redis,
        [
            (ASKS, command(b"LRANGE", b"l", b"0", b"-1") + command(b"EXEC") + command(b"PING") + command(b"XYZ")),
            (
                ANSWERS,
                b"*2\r\n$1\r\na\r\n$2\r\n\r\n\r\n*3\r\n+OK\r\n-ERR within\r\n*2\r\n:1\r\n*0\r\n"
                b"+PONG\r\n-ERR unknown\r\n",
            ),
        ],
        {"LRANGE ok": 1, "EXEC ok": 1, "PING ok": 1, "other error": 1},
    ),
    Dialogue(
        "values that look like the protocol",
        Redis,
        [
            (ASKS, command(b"SET", b"*1\r\n$4\r\nPING\r\n", b"-ERR\r\n+OK\r\n") + command(b"ECHO", b"-ERR\r\n")),
            (ANSWERS, b"+OK\r\n$6\r\n-ERR\r\n\r\n"),
        ],
        {"SET ok": 1, "ECHO ok": 1},
    ),
    Dialogue(
        "version 3: maps, sets, pushed messages, attributes, booleans and big errors",
        Redis,
        [
            (ASKS, command(b"HELLO", b"3")),
            (ANSWERS, b"%2\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n"),
            (ASKS, command(b"SMEMBERS", b"s") + command(b"GET", b"a") + command(b"EVAL", b"x", b"0")),
            (ANSWERS, b">2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n~2\r\n#t\r\n,1.5\r\n"),
            (ANSWERS, b"|1\r\n+ttl\r\n:9\r\n_\r\n!3\r\nERR\r\n"),
        ],
        {"HELLO ok": 1, "SMEMBERS ok": 1, "GET ok": 1, "EVAL error": 1},
    ),
    Dialogue(
        "inline commands after one that is not",
        Redis,
        [(ASKS, command(b"PING") + b"PING\r\nset a b\r\n\r\n"), (ANSWERS, b"+PONG\r\n+PONG\r\n+OK\r\n")],
        {"PING ok": 2, "SET ok": 1},
    ),
    Dialogue(
        "a stream of messages is nothing to count",
        Redis,
        [
            (ASKS, command(b"PING")),
            (ANSWERS, b"+PONG\r\n"),
            (ASKS, command(b"SUBSCRIBE", b"a", b"b")),
            (ANSWERS, b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n" * 2),
            (ANSWERS, b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n" * 9),
        ],
        {"PING ok": 1},
    ),
    Dialogue(
        "a start and simple queries",
        PostgreSQL,
        [
            (ASKS, START),
            (ANSWERS, WELCOME),
            (ASKS, QUERY),
            (ANSWERS, ROWS + DONE + READY),
            (ASKS, QUERY),
            (ANSWERS, FAILED + READY),
            (ASKS, message("Q", b"BEGIN; UPDATE t SET a = 1; COMMIT\0")),
            (ANSWERS, message("C", b"BEGIN\0") + message("C", b"UPDATE 1\0") + message("C", b"COMMIT\0") + READY),
            (ASKS, message("Q", b"\0")),
            (ANSWERS, message("I") + READY),
            (ASKS, message("X")),
        ],
        {"SELECT ok": 1, "STATEMENT error": 1, "BEGIN ok": 1, "STATEMENT ok": 1},
    ),
    Dialogue(
        "statements of the extended protocol, each alone",
        PostgreSQL,
        [
            (ASKS, PARSE + BIND + DESCRIBE + EXECUTE + SYNC),
            (ANSWERS, PARSED + BOUND + message("n") + message("C", b"INSERT 0 1\0") + READY),
            (ASKS, BIND + EXECUTE + SYNC),
            (ANSWERS, BOUND + ROWS + message("s") + READY),
            (ASKS, PARSE + SYNC),
            (ANSWERS, FAILED + READY),
            (ASKS, BIND + EXECUTE + SYNC),
            (ANSWERS, BOUND + ROWS + FAILED + READY),
        ],
        {"INSERT ok": 1, "STATEMENT ok": 1, "STATEMENT error": 2},
    ),
    Dialogue(
        "a pipeline of statements, of which one fails and the next ones are skipped up to the Sync",
        PostgreSQL,
        [
            (ASKS, PARSE + SYNC),
            (ANSWERS, PARSED + READY),
            (ASKS, (BIND + EXECUTE) * 4 + SYNC + BIND + EXECUTE + SYNC),
            (ANSWERS, BOUND + ROWS + DONE + BOUND + FAILED + READY + BOUND + ROWS + DONE + READY),
        ],
        {"SELECT ok": 2, "STATEMENT error": 3},
    ),
    Dialogue(
        "encryption that the server declines",
        PostgreSQL,
        [(ASKS, TLS), (ANSWERS, b"N"), (ASKS, START), (ANSWERS, WELCOME), (ASKS, QUERY), (ANSWERS, DONE + READY)],
        {"SELECT ok": 1},
    ),
    Dialogue(
        "encryption that it accepts: nothing is counted",
        PostgreSQL,
        [(ASKS, TLS), (ANSWERS, b"S"), (ASKS, b"\x16\x03\x01" + b"Q" * 90), (ANSWERS, b"\x16\x03\x03" + b"E" * 90)],
        {},
    ),
    Dialogue(
        "data that is copied in",
        PostgreSQL,
        [
            (ASKS, message("Q", b"COPY t FROM STDIN\0")),
            (ANSWERS, message("G", b"\0\0\0")),
            (ASKS, message("d", b"QEZ" * 300) + message("c")),
            (ANSWERS, message("C", b"COPY 300\0") + READY),
        ],
        {"COPY ok": 1},
    ),
    Dialogue(
        "commands of memcached and their answers",
        Memcached,
        [
            (ASKS, b"set key 0 0 5\r\nvalue\r\n"),
            (ANSWERS, b"STORED\r\n"),
            (ASKS, b"get key none\r\n"),
            (ANSWERS, b"VALUE key 0 5\r\nEND\r\n\r\nEND\r\n"),
            (ASKS, b"gets key\r\n"),
            (ANSWERS, b"VALUE key 0 7 12\r\nSTORED\n\r\nEND\r\n"),
            (ASKS, b"incr key 1\r\ndelete none\r\n"),
            (ANSWERS, b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\nNOT_FOUND\r\n"),
            (ASKS, b"nonsense\r\n"),
            (ANSWERS, b"ERROR\r\n"),
            (ASKS, b"stats\r\n"),
            (ANSWERS, b"STAT pid 1\r\nSTAT uptime 2\r\nEND\r\n"),
        ],
        {"SET ok": 1, "GET ok": 1, "GETS ok": 1, "INCR error": 1, "DELETE ok": 1, "other error": 1, "STATS ok": 1},
    ),
    Dialogue(
        "commands that want no reply",
        Memcached,
        [
            (ASKS, b"set a 0 0 4 noreply\r\nget \r\nincr a 1 noreply\r\nget a\r\n"),
            (ANSWERS, b"VALUE a 0 4\r\nget \r\nEND\r\n"),
        ],
        {"SET noreply": 1, "INCR noreply": 1, "GET ok": 1},
    ),
    Dialogue(
        "meta commands",
        Memcached,
        [
            (ASKS, b"ms a 5 T0\r\nhello\r\nmg a v\r\nmg b v\r\nmn\r\n"),
            (ANSWERS, b"HD\r\nVA 5\r\nhello\r\nEN\r\nMN\r\n"),
        ],
        {"MS ok": 1, "MG ok": 2, "MN ok": 1},
    ),
    Dialogue(
        "a login, queries and what fails",
        MySQL,
        [
            (ASKS, LOGIN),
            (ANSWERS, ACCEPTED),
            (ASKS, ASK),
            (ANSWERS, RESULT),
            (ASKS, packet(0, b"\x03 insert into t values (1)")),
            (ANSWERS, OKAY),
            (ASKS, packet(0, b"\x03/* comment */ select 1")),
            (ANSWERS, RESULT),
            (ASKS, ASK),
            (ANSWERS, BAD),
            (ASKS, packet(0, b"\x0e")),
            (ANSWERS, OKAY),
            (ASKS, packet(0, b"\x01")),
        ],
        {"SELECT ok": 1, "INSERT ok": 1, "QUERY ok": 1, "SELECT error": 1, "PING ok": 1},
    ),
    Dialogue(
        "prepared statements, one sent before the other is answered",
        MySQL,
        [
            (ASKS, ASK),
            (ANSWERS, OKAY),
            (ASKS, packet(0, b"\x16select ?") + EXECUTED),
            (ANSWERS, OKAY + packet(2, b"def") + packet(3, b"\xfe\0\0\2\0") + packet(1, b"\1") + packet(2, b"\4rows")),
            (ASKS, packet(0, b"\x19\1\0\0\0") + EXECUTED),
            (ANSWERS, BAD),
        ],
        {"SELECT ok": 1, "PREPARE ok": 1, "EXECUTE ok": 1, "EXECUTE error": 1},
    ),
    Dialogue(
        "TLS: nothing is counted",
        MySQL,
        [(ASKS, WITH_TLS), (ASKS, b"\x16\x03\x01" + b"Q" * 90), (ANSWERS, b"\x16\x03\x03" + b"E" * 90)],
        {},
    ),
    Dialogue(
        "a file that the server asks for",
        MySQL,
        [
            (ASKS, packet(0, b"\x03LOAD DATA LOCAL INFILE 'x' INTO TABLE t")),
            (ANSWERS, packet(1, b"\xfbx")),
            (ASKS, packet(2, b"\x03select" * 90) + packet(3, b"")),
            (ANSWERS, packet(4, b"\0\1\0\2\0\0\0")),
            (ASKS, ASK),
            (ANSWERS, OKAY),
        ],
        {"LOAD ok": 1, "SELECT ok": 1},
    ),
]  # fmt: skip
