"""Counts that say how the house stands: python -m tests.house [REVISION to compare with]."""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

PRODUCTION = ("collectors", "dashboards", "graph", "log", "schemas", "servicemap", "sinks", "streams", "view")
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


def main(revisions: list[str]) -> None:
    """Print each count, for each revision and for the checkout."""
    trees = [*map(then, revisions), now()]
    print(f"{'':48}" + "".join(f"{name:>12}" for name in (*revisions, "now")))
    for count in COUNTS:
        about = (count.__doc__ or "").rstrip(".")
        print(f"{about:48}" + "".join(f"{count(tree):12,}" for tree in trees))


if __name__ == "__main__":
    main(sys.argv[1:])
