"""What stands in the log about overlays: the last word about each annotation and each schema."""

from collections.abc import Iterator
from typing import Any

from log.protocol import Log
from schemas.codec import BadRecord, decode
from schemas.overlays import Annotation, OverlaySchema, Written, word
from schemas.topics import OVERLAY_SCHEMAS, OVERLAYS

READ = (OVERLAYS, OVERLAY_SCHEMAS)


class Book:
    """The annotations and schemas of a log. Both topics are compacted, so they are read whole, and then what is new."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._next: dict[tuple[str, int], int] = {}
        self._records: dict[tuple[str, bytes], Any] = {}

    def refresh(self) -> None:
        """Read what was written since."""
        partitions = {info.name: info.partitions for info in self._log.topics()}
        for topic in READ:
            for partition in range(partitions.get(topic.name, 0)):
                first, end = self._log.bounds(topic.name, partition)
                start = max(first, self._next.get((topic.name, partition), 0))
                for record in self._log.read(topic.name, partition, start, end):
                    self._take(topic.name, record.value)
                self._next[topic.name, partition] = end

    def take(self, record: Written) -> None:
        """Take a record; the word that was written last stands."""
        name = OVERLAYS.name if isinstance(record, Annotation) else OVERLAY_SCHEMAS.name
        key = name, record.key
        held = self._records.get(key)
        if held is None or word(held) < word(record):
            self._records[key] = record

    def found(self, record: Written) -> Any:
        """Return what stands of an annotation or a schema, also if it is retracted; None without any."""
        name = OVERLAYS.name if isinstance(record, Annotation) else OVERLAY_SCHEMAS.name
        return self._records.get((name, record.key))

    def annotations(self, overlay: str = "") -> Iterator[Annotation]:
        """Yield the annotations of an overlay, or of all, that are not retracted."""
        return (
            one
            for one in self._records.values()
            if isinstance(one, Annotation) and not one.retracted and overlay in ("", one.overlay)
        )

    def schemas(self) -> dict[str, OverlaySchema]:
        """Return the schemas that are registered, by their overlays."""
        found = [one for one in self._records.values() if isinstance(one, OverlaySchema) and not one.retracted]
        return {one.overlay: one for one in found}

    def _take(self, topic: str, value: bytes | None) -> None:
        try:
            self.take(decode(topic, value))
        except BadRecord:
            return  # the sink buries it
