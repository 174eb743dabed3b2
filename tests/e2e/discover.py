"""A folder of programs that print facts, for whatever starts meanwhile."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def discovering() -> Iterator[Path]:
    """Make the folder, which the unprivileged user can enter."""
    path = Path(tempfile.mkdtemp(prefix="discover"))
    path.chmod(0o755)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SERVICEMAP_COLLECTORS__DISCOVER", str(path))
        yield path
    shutil.rmtree(path)


def put(folder: Path, name: str, *facts: dict[str, Any]) -> None:
    """Write a program that prints facts."""
    made = folder / f".{name}"
    made.write_text("#!/bin/sh\n" + "".join(f"echo '{json.dumps(fact)}'\n" for fact in facts))
    made.chmod(0o755)
    made.rename(folder / name)
