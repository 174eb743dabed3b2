"""docker-compose.yml as Docker Compose reads it: with the environment put in, and merge keys applied."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
FILLED = {
    "CLICKHOUSE_PASSWORD": "one",
    "CLICKHOUSE_READER_PASSWORD": "two",
    "GRAFANA_PASSWORD": "three",
    "VIEW_TOKEN": "four",
}


class Missing(Exception):
    """A variable that must be set is not."""


def interpolated(environment: Mapping[str, str]) -> str:
    """Return the file with the environment put in: ${NAME:-default} and ${NAME:?error}, as the specification has it."""

    def put(found: re.Match[str]) -> str:
        name, how, rest = found.groups()
        if environment.get(name):
            return environment[name]
        if how == "?":
            raise Missing(f"{name} {rest}")
        return rest or ""

    return VARIABLE.sub(put, FILE.read_text())


def services(environment: Mapping[str, str] = FILLED) -> dict[str, dict[str, Any]]:
    """Return the services by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(interpolated(environment))["services"]
    return found


def variables() -> set[str]:
    """Return the names of all variables the file takes from the environment."""
    return {found[1] for found in VARIABLE.finditer(FILE.read_text())}
