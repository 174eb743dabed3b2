"""The header fields of one direction of an HTTP/2 connection, which are compressed with what went before (RFC 7541).

Where the beginning was not seen, or something was missed, what a field refers to is unknown; so are all fields then.
Most requests repeat what the table has, so their blocks are equal and read once.
"""

from functools import lru_cache

from hpack import Decoder
from hpack.exceptions import HPACKError
from hpack.table import HeaderTable

MOST_BYTES = 16 << 10  # of the table: four times the size that ends begin with
_LONGEST = 64 << 10  # of all fields of a block, as text
_MOST_REMEMBERED = 16  # blocks
_EMPTY = 2_500  # bytes of an object without fields
_BLOCK, _FIELD = 350, 150  # bytes of a block that is remembered, and of a field, beside their own
Fields = dict[bytes, bytes]


class _Table(HeaderTable):
    """A table that counts what is added."""

    def __init__(self) -> None:
        super().__init__()
        self.added = 0

    def add(self, name: bytes, value: bytes) -> None:
        self.added += 1
        super().add(name, value)


class _NoTable(HeaderTable):
    """A table of which nothing is known but what is fixed."""

    def get_by_index(self, index: int) -> tuple[bytes, bytes]:
        return super().get_by_index(index) if index <= self.STATIC_TABLE_LENGTH else (b"", b"")

    def add(self, name: bytes, value: bytes) -> None:
        """Pass it over: later fields that refer to it stay unknown."""


@lru_cache(maxsize=256)
def spelled_out(block: bytes) -> Fields:
    """Return the fields of a block that refer to nothing that was sent before."""
    decoder = _decoder(_NoTable())
    try:
        fields = {bytes(name): bytes(value) for name, value in decoder.decode(block, raw=True)}
    except HPACKError:
        return {}
    fields.pop(b"", None)
    return fields


class HeaderFields:
    """Reads blocks in the order in which they were sent."""

    __slots__ = ("_bytes", "_decoder", "_remembered", "_table")

    def __init__(self, *, known: bool) -> None:
        """Begin; `known`: nothing was sent before."""
        self._table = _Table()
        self._decoder = _decoder(self._table) if known else None
        self._remembered: dict[bytes, Fields] = {}
        self._bytes = 0  # of what is remembered

    @property
    def known(self) -> bool:
        """Return whether it is known what fields refer to."""
        return self._decoder is not None

    def held(self) -> int:
        """Return about how many bytes of memory this takes."""
        if self._decoder is None:
            return 0
        return _EMPTY + self._table._current_size + _FIELD * len(self._table.dynamic_entries) + self._bytes

    def read(self, block: bytes) -> Fields | None:
        """Return the fields of a block; None where they are not known."""
        if self._decoder is None:
            return None
        fields = self._remembered.get(block)
        if fields is None:
            added, size = self._table.added, self._table.maxsize
            try:
                fields = {bytes(name): bytes(value) for name, value in self._decoder.decode(block, raw=True)}
            except HPACKError:
                self.forget()
                return None
            if (added, size) != (self._table.added, self._table.maxsize):
                self.rest()
            elif len(self._remembered) < _MOST_REMEMBERED:
                self._remembered[block] = fields
                self._bytes += _BLOCK + len(block)
                self._bytes += sum(_FIELD + len(name) + len(value) for name, value in fields.items())
        return fields

    def rest(self) -> None:
        """Drop the blocks that were read; others can be read as before."""
        self._remembered.clear()
        self._bytes = 0

    def forget(self) -> None:
        """Know nothing from now on."""
        self._decoder = None
        self._table = _Table()
        self.rest()


def _decoder(table: HeaderTable) -> Decoder:
    decoder = Decoder(max_header_list_size=_LONGEST)
    decoder.max_allowed_table_size = MOST_BYTES
    decoder.header_table = table
    return decoder
