"""Lint the page's JavaScript and check its format and types: `python -m tests.view.check_page`, in `make check`.

With --fix it formats the files, as `make fmt` does.
"""

import subprocess
import sys
from pathlib import Path

from tests.nodejs import ROOT, NodeMissing, modules, node

PLACES = ("view/page", "tests/view/page", "tests/clients")
FORMATTED = ("view/page/*.{js,ts}", "tests/view/page/*.js", "tests/clients/*.mjs", "eslint.config.js")


def commands(packages: Path, *, fix: bool) -> list[list[str]]:
    """Return the commands: Prettier, and without `fix` ESLint and the TypeScript compiler as well."""
    program = str(node())
    layout = [str(packages / "prettier" / "bin" / "prettier.cjs"), "--log-level=warn", *FORMATTED]
    if fix:
        return [[program, *layout, "--write"]]
    lint = [str(packages / "eslint" / "bin" / "eslint.js"), "--max-warnings=0", *PLACES]
    types = [str(packages / "typescript" / "bin" / "tsc"), "--project", "view/page"]
    return [[program, *layout, "--check"], [program, *lint], [program, *types]]


def main() -> int:
    """Run them at once; 1 where one of them finds something."""
    try:
        found = commands(modules(), fix="--fix" in sys.argv)
    except NodeMissing as error:
        print(f"the page's JavaScript was not checked: {error}", file=sys.stderr)
        return 1
    running = [subprocess.Popen(command, cwd=ROOT) for command in found]
    return int(max(each.wait() for each in running) > 0)


if __name__ == "__main__":
    sys.exit(main())
