"""Virtual addresses in a recorded hour: services of the back end reach the database at one that is translated."""

from collections.abc import Iterable, Iterator

import msgspec

from schemas import topics
from schemas.codec import decode, encode
from schemas.raw import ConnectionBatch, Translated
from tests.e2e.simulate import Record

CLIENT, DATABASE, VIRTUAL = b"back", "10.0.0.3", "10.96.0.1"


def aliased(records: Iterable[Record]) -> Iterator[Record]:
    """Yield the records as they are where the client's host translates."""
    for record in records:
        if record.topic == topics.CONNECTIONS.name and record.key == CLIENT:
            batch = decode(record.topic, record.value, record.timestamp)
            assert isinstance(batch, ConnectionBatch)
            yield record._replace(value=encode(_translated(batch)))
        else:
            yield record


def _translated(batch: ConnectionBatch) -> ConnectionBatch:
    rows = batch.connections
    there = [row for row, address in enumerate(rows.remote_address) if address == DATABASE]
    virtual = [VIRTUAL if row in there else address for row, address in enumerate(rows.remote_address)]
    fields = ("cookie", "local_address", "local_port", "remote_address", "remote_port")
    return msgspec.structs.replace(
        batch,
        connections=msgspec.structs.replace(rows, remote_address=virtual),
        translated=Translated(**{name: [getattr(rows, name)[row] for row in there] for name in fields}),
    )
