"""Counts that say how the house stands: python -m tests.house [REVISION to compare with]."""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

PRODUCTION = (
    *("collectors", "dashboards", "graph", "log", "schemas"),
    *("answers", "servicemap", "simulation", "sinks", "streams", "view"),
)
KINDS = (".py", ".sql", ".js", ".css", ".html")
GENERATED = ("golden/", "vendor/")
TELLING = re.compile(r"\b(tells?|told|telling|hears?|heard|whoever)\b", re.IGNORECASE)
POSITION = re.compile(r"(?<=[A-Za-z_)])\[-?\d+\]|(?<=[a-z_\])])\.\d+\b")

Tree = Mapping[str, str]  # path -> text


def now() -> Tree:
    """Read the files of the checkout."""
    root = Path(__file__).parent.parent
    paths = subprocess.run(["git", "ls-files", *PRODUCTION], cwd=root, capture_output=True, text=True, check=True)
    return {
        path: (root / path).read_text() for path in paths.stdout.split("\n") if _counts(path) and (root / path).exists()
    }


def then(revision: str) -> Tree:
    """Read the files of a revision."""
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", revision], capture_output=True, text=True, check=True
    )
    paths = [path for path in listed.stdout.split("\n") if path.split("/")[0] in PRODUCTION and _counts(path)]
    return {path: _shown(revision, path) for path in paths}


def _shown(revision: str, path: str) -> str:
    return subprocess.run(["git", "show", f"{revision}:{path}"], capture_output=True, text=True, check=True).stdout


def _counts(path: str) -> bool:
    return path.endswith(KINDS) and not any(part in path for part in GENERATED)


def lines(tree: Tree) -> int:
    """Lines of code and SQL."""
    return sum(text.count("\n") for text in tree.values())


def sql_lines(tree: Tree) -> int:
    """Lines of SQL files."""
    return sum(text.count("\n") for path, text in tree.items() if path.endswith(".sql"))


def sql_files(tree: Tree) -> int:
    """Files of SQL."""
    return sum(path.endswith(".sql") for path in tree)


def naming_a_counter(tree: Tree) -> int:
    """Files that name `retransmits`."""
    return sum("retransmits" in text for text in tree.values())


def positions(tree: Tree) -> int:
    """Accesses by position in SQL."""
    return sum(len(POSITION.findall(text)) for path, text in tree.items() if path.endswith(".sql"))


def telling(tree: Tree) -> int:
    """Uses of tell, hear and whoever."""
    return sum(len(TELLING.findall(text)) for text in tree.values())


def commands(tree: Tree) -> int:
    """Share of lines in servicemap/, %."""
    return 100 * lines({path: text for path, text in tree.items() if path.startswith("servicemap/")}) // lines(tree)


def long_files(tree: Tree) -> int:
    """Python files of more than 300 lines."""
    return sum(path.endswith(".py") and text.count("\n") > 300 for path, text in tree.items())


COUNTS: tuple[Callable[[Tree], int], ...] = (
    lines, sql_files, sql_lines, naming_a_counter, positions, telling, commands, long_files,
)  # fmt: skip


class Addition(NamedTuple):
    """What is added now and then, and the files of code that it touched when it was done; tests and golden apart."""

    what: str
    most: int
    touched: tuple[str, ...]  # {} for the new file


ADDITIONS = (
    Addition("edge counter", 4, ("schemas/counted.py", "collectors/diag.py", "collectors/tracked.py")),
    Addition(
        "node fact (pressure of hosts and services)",
        5,
        (
            "schemas/raw.py",
            "collectors/pressure.py",
            "collectors/load.py",
            "collectors/processes.py",
            "servicemap/host_checks.py",
        ),
    ),
    Addition("topology level (services by host)", 2, ("graph/levels.py", "graph/titles.py")),
    Addition("alert (memory is short)", 2, ("dashboards/alerts/queries.py", "dashboards/alerts/rules.py")),
    Addition(
        "collector with its table (counts of sockets)",
        4,
        ("collectors/{}.py", "schemas/raw.py", "schemas/topics.py", "sinks/tables.py"),
    ),
    Addition("command (hosts)", 3, ("servicemap/commands/{}.py", "servicemap/cli.py")),
)


def main(revisions: list[str]) -> None:
    """Print each count, for each revision and for the checkout."""
    trees = [*map(then, revisions), now()]
    print(f"{'':48}" + "".join(f"{name:>12}" for name in (*revisions, "now")))
    for count in COUNTS:
        about = (count.__doc__ or "").rstrip(".")
        print(f"{about:48}" + "".join(f"{count(tree):12,}" for tree in trees))
    print(f"\n{'Files to touch for a new …':48}{'at most':>12}{'touched':>12}")
    for one in ADDITIONS:
        print(f"{one.what:48}{one.most:12}{len(one.touched):12}")


if __name__ == "__main__":
    main(sys.argv[1:])
