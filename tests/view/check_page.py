"""Lint the page's JavaScript and check its types: `python -m tests.view.check_page`, a part of `make check`."""

import subprocess
import sys
from pathlib import Path

from tests.nodejs import ROOT, NodeMissing, modules, node

PLACES = ("view/page", "tests/view/page", "tests/clients")


def commands(packages: Path) -> list[list[str]]:
    """Return what is run: ESLint and the TypeScript compiler."""
    program = str(node())
    lint = [str(packages / "eslint" / "bin" / "eslint.js"), "--max-warnings=0", *PLACES]
    types = [str(packages / "typescript" / "bin" / "tsc"), "--project", "view/page"]
    return [[program, *lint], [program, *types]]


def main() -> int:
    """Run both at once; 1 where one of them finds something."""
    try:
        running = [subprocess.Popen(command, cwd=ROOT) for command in commands(modules())]
    except NodeMissing as error:
        print(f"the page's JavaScript was not checked: {error}", file=sys.stderr)
        return 1
    return int(max(each.wait() for each in running) > 0)


if __name__ == "__main__":
    sys.exit(main())
