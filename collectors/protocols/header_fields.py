"""The header fields of one direction of an HTTP/2 connection, which are compressed with what went before (RFC 7541).

Where the beginning was not seen, or something was missed, what a field refers to is unknown; so are all fields then.
Most requests repeat what the table has, so their blocks are equal and read once.
"""

from hpack import Decoder
from hpack.exceptions import HPACKError
from hpack.table import HeaderTable

MOST_BYTES = 16 << 10  # of the table: four times the size that ends begin with
_LONGEST = 64 << 10  # of all fields of a block, as text
_MOST_REMEMBERED = 64  # blocks
Fields = dict[bytes, bytes]


class _Table(HeaderTable):
    """A table that counts what is added."""

    def __init__(self) -> None:
        super().__init__()
        self.added = 0

    def add(self, name: bytes, value: bytes) -> None:
        self.added += 1
        super().add(name, value)


class HeaderFields:
    """Reads blocks in the order in which they were sent."""

    __slots__ = ("_bytes", "_decoder", "_remembered", "_table", "known")

    def __init__(self, *, known: bool) -> None:
        self.known = known
        """All that was sent before has been seen."""
        self._table = _Table()
        self._decoder = Decoder(max_header_list_size=_LONGEST)
        self._decoder.max_allowed_table_size = MOST_BYTES
        self._decoder.header_table = self._table
        self._remembered: dict[bytes, Fields] = {}
        self._bytes = 0  # of what is remembered

    def held(self) -> int:
        """Return about how many bytes the table and what is remembered hold."""
        return self._table._current_size + self._bytes

    def read(self, block: bytes) -> Fields | None:
        """Return the fields of a block; None where they are not known."""
        if not self.known:
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
                self._remembered.clear()
                self._bytes = 0
            elif len(self._remembered) < _MOST_REMEMBERED:
                self._remembered[block] = fields
                self._bytes += len(block) + sum(len(name) + len(value) for name, value in fields.items())
        return fields

    def forget(self) -> None:
        """Know nothing from now on."""
        self.known = False
        self._bytes = 0
        self._table = self._decoder.header_table = _Table()
        self._remembered.clear()
