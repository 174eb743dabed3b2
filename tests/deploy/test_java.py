from pathlib import Path

import pytest

from deploy.java import StartError, find_java, jars_of


def program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH to put programs into."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


@pytest.fixture
def pom(tmp_path: Path) -> Path:
    path = tmp_path / "pom.xml"
    path.write_text("<project/>")
    return path


def test_the_java_of_the_machine_is_preferred(path: Path) -> None:
    java = program(path, "java", """echo 'openjdk version "17.0.15" 2025-04-15' >&2""")

    assert find_java() == java


@pytest.mark.parametrize("version", ["1.8.0_402", "11.0.22"])
def test_a_java_that_is_too_old_is_passed_over_for_the_one_of_the_lock(path: Path, version: str) -> None:
    old = program(path, "java", f"""echo 'openjdk version "{version}" 2024-01-16' >&2""")

    assert find_java() != old


def test_no_java_that_is_new_enough_is_reported_in_one_sentence(path: Path) -> None:
    with pytest.raises(StartError, match=r"there is no Java 99 or newer here: run make tools"):
        find_java(minimum=99)


def test_without_maven_the_sentence_names_what_to_install(path: Path, pom: Path) -> None:
    with pytest.raises(StartError, match=r"Debian: apt-get install maven"):
        jars_of(pom, path / "cache")


def test_a_maven_that_cannot_reach_the_jars_leaves_nothing_half_done(path: Path, pom: Path, tmp_path: Path) -> None:
    program(path, "mvn", "echo '[ERROR] Unknown host'; exit 1")

    with pytest.raises(StartError, match=r"Maven Central can be reached .*Unknown host"):
        jars_of(pom, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_jars_are_fetched_once_and_again_when_the_pin_changes(path: Path, pom: Path, tmp_path: Path) -> None:
    folder = "for word; do case $word in -DoutputDirectory=*) out=${word#*=};; esac; done"
    calls = tmp_path / "calls"
    program(path, "mvn", f"{folder}; echo call >>{calls}; /bin/mkdir -p $out")

    first = jars_of(pom, tmp_path / "cache")
    assert jars_of(pom, tmp_path / "cache") == first
    pom.write_text("<project>another pin</project>")
    assert jars_of(pom, tmp_path / "cache") != first

    assert calls.read_text().split() == ["call", "call"]
