"""Redis: the serialization protocol (RESP), versions 2 and 3. https://redis.io/docs/latest/develop/reference/protocol-spec

Commands come one after another, and replies in their order. A reply is an error if it is one as a whole: what fails
within a transaction stands in the array that EXEC returns. Inline commands (lines of words) count too.

After a command that makes a connection a stream of messages (SUBSCRIBE, MONITOR, replication) nothing is counted on it.
"""

import re

from collectors.protocols.parser import LOST, OTHER, Parser
from schemas.results import ERROR, OK

_COMMANDS = """
APPEND AUTH BGREWRITEAOF BGSAVE BITCOUNT BITFIELD BITFIELD_RO BITOP BITPOS BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP
BZPOPMAX BZPOPMIN CLIENT CLUSTER COMMAND CONFIG COPY DBSIZE DEBUG DECR DECRBY DEL DISCARD DUMP ECHO EVAL EVALSHA
EVALSHA_RO EVAL_RO EXEC EXISTS EXPIRE EXPIREAT EXPIRETIME FCALL FCALL_RO FLUSHALL FLUSHDB FUNCTION GEOADD GEODIST
GEOHASH GEOPOS GEORADIUS GEORADIUSBYMEMBER GEOSEARCH GEOSEARCHSTORE GET GETBIT GETDEL GETEX GETRANGE GETSET HDEL HELLO
HEXISTS HEXPIRE HGET HGETALL HINCRBY HINCRBYFLOAT HKEYS HLEN HMGET HMSET HRANDFIELD HSCAN HSET HSETNX HSTRLEN HTTL HVALS
INCR INCRBY INCRBYFLOAT INFO KEYS LASTSAVE LATENCY LCS LINDEX LINSERT LLEN LMOVE LMPOP LPOP LPOS LPUSH LPUSHX LRANGE
LREM LSET LTRIM MEMORY MGET MIGRATE MODULE MOVE MSET MSETNX MULTI OBJECT PERSIST PEXPIRE PEXPIREAT PEXPIRETIME PFADD
PFCOUNT PFMERGE PING PSETEX PTTL PUBLISH PUBSUB QUIT RANDOMKEY READONLY READWRITE RENAME RENAMENX RESET RESTORE ROLE
RPOP RPOPLPUSH RPUSH RPUSHX SADD SAVE SCAN SCARD SCRIPT SDIFF SDIFFSTORE SELECT SET SETBIT SETEX SETNX SETRANGE SHUTDOWN
SINTER SINTERCARD SINTERSTORE SISMEMBER SLAVEOF SLOWLOG SMEMBERS SMISMEMBER SMOVE SORT SORT_RO SPOP SPUBLISH SRANDMEMBER
SREM SSCAN STRLEN SUBSTR SUNION SUNIONSTORE SWAPDB TIME TOUCH TTL TYPE UNLINK UNWATCH WAIT WATCH XACK XADD XAUTOCLAIM
XCLAIM XDEL XGROUP XINFO XLEN XPENDING XRANGE XREAD XREADGROUP XREVRANGE XSETID XTRIM ZADD ZCARD ZCOUNT ZDIFF ZDIFFSTORE
ZINCRBY ZINTER ZINTERCARD ZINTERSTORE ZLEXCOUNT ZMPOP ZMSCORE ZPOPMAX ZPOPMIN ZRANDMEMBER ZRANGE ZRANGEBYLEX
ZRANGEBYSCORE ZRANGESTORE ZRANK ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANGE ZREVRANGEBYLEX
ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION ZUNIONSTORE
"""
_NAMES = {form: name for name in _COMMANDS.split() for form in (name.encode(), name.lower().encode())}
_STREAMING = frozenset({b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE", b"MONITOR", b"SYNC", b"PSYNC", b"REPLCONF"})
_REPLIES = b"$5\r\nREPLY\r\n"  # CLIENT REPLY switches answers off
_LONGEST_NAME = 64
_COMMAND = re.compile(rb"\*([1-9]\d{0,6})\r\n\$([1-9]\d?)\r\n").match
_COMMAND_BEGINS = re.compile(rb"\*([1-9]\d{0,6}(\r(\n(\$([1-9]\d?\r?)?)?)?)?)?\Z").match
_ARGUMENT = re.compile(rb"\$(\d{1,9})\r\n").match
_ARGUMENT_BEGINS = re.compile(rb"\$(\d{1,9}\r?)?\Z").match
_SIZE = re.compile(rb"[$=!*~>%|](-?\d{1,9})\r\n").match
_SIZE_BEGINS = re.compile(rb"[$=!*~>%|](-?\d{0,9}\r?)?\Z").match
_INLINE = re.compile(rb"([A-Za-z]+)(?: [^\r\n]*)?\r?\n").match
_LINES, _BULKS, _AGGREGATES = frozenset(b"+-:_#,("), frozenset(b"$=!"), frozenset(b"*~>%|")
_LONGEST_LINE = 4_096
_MINUS, _PUSH, _BANG, _STAR, _PERCENT, _BAR = b"->!*%|"


class Redis(Parser):
    """A connection to a Redis, or to what speaks its protocol."""

    __slots__ = ("_arguments", "_elements", "_failed", "_pushed")
    name = "redis"

    def __init__(self) -> None:
        super().__init__()
        self._arguments = 0  # of the last command that are still to come
        self._elements = 0  # of the reply that are still to come
        self._failed = self._pushed = False

    @classmethod
    def asks(cls, payload: bytes, size: int) -> bool:
        """Return whether a segment begins with a command; an inline one alone does not show what it is."""
        found = _COMMAND(payload)
        if found is None:
            return False
        begin, length = found.end(), int(found[2])
        return payload[begin : begin + length].isalpha() and payload[begin + length : begin + length + 2] == b"\r\n"

    def begin(self, payload: bytes) -> None:
        """Start with a command."""
        super().begin(payload)
        self._arguments = self._elements = 0

    def client(self, data: bytes, at: int) -> int:
        """Take commands."""
        here, size, left = 0, len(data), self._arguments
        while here < size:
            if left:
                found = _ARGUMENT(data, here)
                if found is None:
                    if not _ARGUMENT_BEGINS(data, here):
                        return LOST
                    break
                here = found.end() + int(found[1]) + 2
                left -= 1
                continue
            found = _COMMAND(data, here)
            if found is None:
                if data[here] != _STAR:
                    inline = self._inline(data, here, at)
                    if inline <= 0:
                        if inline == LOST:
                            return LOST
                        break
                    here = inline
                    continue
                if not _COMMAND_BEGINS(data, here):
                    return LOST
                break
            begin = found.end()
            end = begin + int(found[2])
            if end > size:
                break
            left = int(found[1]) - 1
            here = end + 2
            self._command(data[begin:end], data, here, at)
        self._arguments = left
        return here

    def _inline(self, data: bytes, here: int, at: int) -> int:
        """Take a command that is a line; return where it ends, 0 where it does not yet, or LOST."""
        found = _INLINE(data, here)
        if found is None:
            if data[here : here + 2] == b"\r\n":
                return here + 2
            whole = data.find(b"\n", here) >= 0
            return LOST if whole or len(data) - here > _LONGEST_LINE else 0
        self._command(found[1], b"", 0, at)
        return found.end()

    def _command(self, name: bytes, data: bytes, here: int, at: int) -> None:
        operation = _NAMES.get(name)
        if operation is None:
            upper = name.upper()
            operation = _NAMES.get(upper, OTHER)
            self.opaque |= upper in _STREAMING
        elif operation == "CLIENT":
            self.opaque |= data[here : here + len(_REPLIES)].upper() == _REPLIES
        self.ask(operation, at)

    def server(self, data: bytes, at: int) -> int:
        """Take replies."""
        here, size, elements = 0, len(data), self._elements
        while here < size:
            kind = data[here]
            more = 0
            if kind in _LINES:
                end = data.find(b"\r\n", here)
                if end < 0:
                    if size - here > _LONGEST_LINE:
                        return LOST
                    break
                after = end + 2
            else:
                found = _SIZE(data, here)
                if found is None:
                    if not _SIZE_BEGINS(data, here):
                        return LOST
                    break
                count = int(found[1])
                after = found.end()
                if kind in _BULKS:
                    after += count + 2 if count >= 0 else 0
                elif count > 0:
                    more = count * (2 if kind in (_PERCENT, _BAR) else 1)
                more += kind == _BAR  # attributes come before what they are about
            if not elements:
                elements, self._failed, self._pushed = 1, kind in (_MINUS, _BANG), kind == _PUSH
            elements += more - 1
            here = after
            if not elements and not self._pushed:
                self.answer(ERROR if self._failed else OK, at)
        self._elements = elements
        return here
