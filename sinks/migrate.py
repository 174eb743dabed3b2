"""Numbered SQL files bring a store to the present: each is applied once, in order, and never edited afterwards."""

from importlib.resources import files

from sinks.store import Store


def migrations() -> list[tuple[str, list[str]]]:
    """Return the names of all migrations with their statements, in order."""
    folder = files("sinks") / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(name.removesuffix(".sql"), statements((folder / name).read_text())) for name in names]


def statements(text: str) -> list[str]:
    """Split a file into statements; comments are whole lines."""
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [statement for part in code.split(";\n") if (statement := part.strip().rstrip(";"))]


def migrate(store: Store) -> list[str]:
    """Apply what is missing; return its names. Every statement may run twice, so a crash in between does no harm."""
    store.query(
        "CREATE TABLE IF NOT EXISTS migrations (name String, applied DateTime DEFAULT now()) "
        "ENGINE = ReplacingMergeTree(applied) ORDER BY name"
    )
    done = {name for (name,) in store.query("SELECT DISTINCT name FROM migrations")}
    applied = []
    for name, parts in migrations():
        if name in done:
            continue
        for statement in parts:
            store.query(statement)
        store.insert("migrations", {"name": [name]})
        applied.append(name)
    return applied
