"""memcached: its text protocol, with meta commands. https://github.com/memcached/memcached/blob/master/doc/protocol.txt

What is not found, not stored or exists already is an answer like others. Errors are the lines ERROR, CLIENT_ERROR and
SERVER_ERROR. A command that wants no reply counts as it is seen, without a time.
"""

import re

from collectors.protocols.parser import LOST, OTHER, Parser
from schemas.results import ERROR, NO_REPLY, OK

_STORING = frozenset({b"set", b"add", b"replace", b"append", b"prepend", b"cas"})
_COMMANDS = """
set add replace append prepend cas get gets gat gats delete incr decr touch flush_all stats version verbosity slabs lru
cache_memlimit mg ms md ma mn me
"""
_NAMES = {name.encode(): name.upper() for name in _COMMANDS.split()}
_META = frozenset({b"mg", b"ms", b"md", b"ma"})
_WITHOUT_REPLY = frozenset({b"quit", b"shutdown"})
_STREAMING = frozenset({b"watch"})
_LINE = re.compile(rb"([a-z_]{2,16})(?: ([^\r\n]*))?\r?\n").match
_SIZE_OF_SET = re.compile(rb"\S+ \d+ -?\d+ (\d{1,9})(?: |\Z)").match
_SIZE_OF_META = re.compile(rb"\S+ (?:S)?(\d{1,9})(?: |\Z)").match
_KEY, _REST = rb" [!-~]{1,250}", rb"(?: [ -~]*)?\r\n"
_ASKS = re.compile(
    rb"(?:gets?(?:"
    + _KEY
    + rb")+\r\n|(?:delete|touch|incr|decr|gats?|mg|md|ma)"
    + _KEY
    + _REST
    + rb"|(?:set|add|replace|"
    rb"append|prepend|cas)" + _KEY + rb" \d+ -?\d+ \d+" + _REST + rb"|ms" + _KEY + rb" S?\d+" + _REST + rb")"
).match
_VALUE = re.compile(rb"(?:VALUE \S+ \d+|VA) (\d{1,9})[^\r\n]*\r\n").match
_LONGEST_LINE = 65_536  # a get of many keys
_LONGEST_ANSWER = 4_096
_PARTS = (b"STAT ", b"ITEM ")  # of an answer that goes on
_ERRORS = (b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")


class Memcached(Parser):
    """A connection to a memcached."""

    __slots__ = ()
    name = "memcached"

    @classmethod
    def asks(cls, payload: bytes, size: int) -> bool:
        """Return whether a segment begins with a command on a key."""
        return _ASKS(payload) is not None

    def client(self, data: bytes, at: int) -> int:
        """Take commands."""
        here, size = 0, len(data)
        while here < size:
            found = _LINE(data, here)
            if found is None:
                whole = data.find(b"\n", here) >= 0
                if whole or size - here > _LONGEST_LINE:
                    return LOST
                break
            name, words = found[1], found[2] or b""
            here = found.end()
            if name in _STORING or name == b"ms":
                stored = (_SIZE_OF_META if name == b"ms" else _SIZE_OF_SET)(words)
                if stored is not None:
                    here += int(stored[1]) + 2
            self._command(name, words, at)
        return here

    def _command(self, name: bytes, words: bytes, at: int) -> None:
        operation = _NAMES.get(name, OTHER)
        if name in _WITHOUT_REPLY:
            return
        if name in _STREAMING or (name in _META and b" q" in words):
            self.opaque = True  # quiet commands answer some requests only
        elif words.endswith(b"noreply"):
            self.counts.add_unseen(operation, NO_REPLY)
        else:
            self.ask(operation, at)

    def server(self, data: bytes, at: int) -> int:
        """Take answers."""
        here, size = 0, len(data)
        while here < size:
            end = data.find(b"\r\n", here)
            if end < 0:
                if size - here > _LONGEST_ANSWER:
                    return LOST
                break
            if data.startswith(b"VA", here) and (found := _VALUE(data, here)):
                final = data[here + 2] != ord("L")
                here = found.end() + int(found[1]) + 2
                if final:
                    self.answer(OK, at)
                continue
            line = data[here : min(end, here + 16)]
            here = end + 2
            if not line.startswith(_PARTS):
                self.answer(ERROR if line.startswith(_ERRORS) else OK, at)
        return here
