"""Packages import only packages below them, as docs/architecture.md lists them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "schemas": set(),
    "log": {"schemas"},
    "collectors": {"schemas"},
    "streams": {"schemas", "log"},
    "sinks": {"schemas", "log", "graph"},
    "dashboards": {"schemas", "graph"},
    "graph": {"schemas"},
    "answers": {"schemas", "graph"},
    "view": {"schemas", "graph", "answers", "sinks.store"},
    "simulation": {"schemas", "graph"},
}
ALLOWED["servicemap"] = set(ALLOWED)


def imported(path: Path) -> Iterator[str]:
    """Yield the names of the modules that a module imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_packages_below_it(package: str) -> None:
    allowed = ALLOWED[package] | {package}
    wrong = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in (ROOT / package).rglob("*.py")
        for module in imported(path)
        if module.split(".")[0] in ALLOWED and not any(module == a or module.startswith(f"{a}.") for a in allowed)
    }
    assert not wrong
