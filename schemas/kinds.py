"""Types of the store, with the values that a column of each takes."""

from typing import Any, NamedTuple

_LAST_MS = 10_413_791_999_999  # DateTime64(3) ends with the year 2299
_FLOAT = 3.4e38


class Kind(NamedTuple):
    """A type of the store with the values that it takes, ends included; None for no bounds."""

    sql: str
    low: float | None = None
    high: float | None = None
    codec: str = "ZSTD(1)"

    def holds(self, value: Any) -> bool:
        """Return whether a value fits."""
        return value is not None and (self.low is None or self.high is None or self.low <= value <= self.high)


LABEL = Kind("LowCardinality(String)", codec="")  # of few different values
TEXT, TEXTS = Kind("String"), Kind("Array(String)")
BOOL = Kind("UInt8")
U8, U16 = (Kind(f"UInt{bits}", 0, 2**bits - 1) for bits in (8, 16))
U32, U64 = (Kind(f"UInt{bits}", 0, 2**bits - 1, "T64, ZSTD(1)") for bits in (32, 64))
BITS = U64._replace(codec="ZSTD(1)")
I32 = Kind("Int32", -(2**31), 2**31 - 1, "T64, ZSTD(1)")
F32, F64 = Kind("Float32", -_FLOAT, _FLOAT), Kind("Float64")
TIME = Kind("DateTime64(3, 'UTC')", 0, _LAST_MS, "DoubleDelta, ZSTD(1)")
WHEN = TIME._replace(low=-1)  # a time that partitions: it is about when the log took the record
TEXT_MAP, COUNT_MAP, SKETCH = (
    Kind(f"Map({key}, {value})") for key, value in (("String", "String"), ("String", "UInt64"), ("UInt16", "UInt64"))
)
MAPS = {TEXT_MAP: (TEXT, TEXT), COUNT_MAP: (TEXT, U64), SKETCH: (U16, U64)}
