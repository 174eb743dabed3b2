"""Empty environments, and what of the wheel and the lock is installed into them."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")


def built(folder: Path) -> Path:
    """Build the wheel."""
    run([*PIP, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)])
    (wheel,) = folder.glob("servicemap-*.whl")
    return wheel


def versions(folder: Path) -> Path:
    """Write the lock as constraints; pip takes no hashes there."""
    file = folder / "versions.txt"
    file.write_text("\n".join(re.findall(r"^[a-z][^ ]*==[^ ]+", LOCK.read_text(), re.M)))
    return file


class Environment:
    """An environment of its own, without pip: what is in it is what was installed."""

    def __init__(self, folder: Path) -> None:
        run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
        self.python = folder / "bin" / "python"
        self.servicemap = folder / "bin" / "servicemap"
        (self.packages,) = folder.glob("lib/python3.*/site-packages")

    def install(self, *what: str) -> None:
        """Install with the pip of the tests; its bytecode comes with the first import, as for anybody."""
        run([*PIP, "--python", str(self.python), "install", "--quiet", *what])

    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(file.stat().st_size for file in self.packages.rglob("*") if file.is_file())

    def lacks(self, modules: Sequence[str]) -> bool:
        """Return whether none of some modules can be found."""
        code = "import sys; from importlib.util import find_spec; sys.exit(any(map(find_spec, sys.argv[1:])))"
        return subprocess.run([self.python, "-c", code, *modules], check=False).returncode == 0


def run(command: Sequence[str]) -> None:
    """Run a command of the set-up; its output stands in the failure."""
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command}: {done.stderr[-2000:]}"
