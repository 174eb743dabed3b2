"""`python -m schemas.export`: write the JSON Schema of every topic beside its example messages."""

from pathlib import Path

import msgspec

from schemas.codec import known_version
from schemas.topics import ALL, Topic

GOLDEN = Path(__file__).parent / "golden"


def path_of(topic: Topic, folder: Path = GOLDEN) -> Path:
    """Return where the schema of a topic's present version is kept."""
    return folder / topic.name / f"v{known_version(topic)}" / "schema.json"


def schema_of(topic: Topic) -> bytes:
    """Return the JSON Schema of a topic's messages, as it is kept."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(topic.record), order="sorted"), indent=2) + b"\n"


def export(folder: Path = GOLDEN) -> None:
    """Write the schemas of all topics."""
    for topic in ALL:
        path = path_of(topic, folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(schema_of(topic))


if __name__ == "__main__":
    export()
