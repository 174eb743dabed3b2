"""How a reader is refused."""

from sinks.embedded.engine import EngineError


def refuse(what: str) -> EngineError:
    """Return an error as ClickHouse's own for readers, READONLY (164)."""
    return EngineError(164, f"DB::Exception: default: {what} in readonly mode: use the writer's login. (READONLY)")
