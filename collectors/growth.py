"""How much a total of the kernel has grown since it was read before."""

from typing import Generic, TypeVar

Number = TypeVar("Number", int, float)


class Growth(Generic[Number]):
    """Keeps the last total. One that cannot be read has not grown, and the next one is compared with the last known."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before: Number | None = None

    def to(self, total: Number | None) -> Number:
        """Return the growth to this total; 0 for the first one, and where it is smaller than before."""
        if total is None:
            return 0
        before, self._before = self._before, total
        return 0 if before is None else max(total - before, 0)
