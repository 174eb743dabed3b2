"""Folders and files of one's own, under every umask and on every way there."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.private import Unsafe, close_contents, private_file, private_folder

STRANGER = 4321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files to others")


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o002, 0o022, 0o027, 0o077, 0o177, 0o277, 0o777])
def test_what_is_made_is_its_owners_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    os.umask(mask)
    folder = private_folder(tmp_path / "a" / "b")
    private_file(folder / "file")
    assert (mode(tmp_path / "a"), mode(folder)) == (0o700, 0o700)
    assert mode(folder / "file") & 0o077 == 0


@pytest.mark.parametrize("before", [0o700, 0o500, 0o710, 0o711, 0o750, 0o755, 0o705, 0o1755])
def test_what_others_could_read_is_closed(tmp_path: Path, before: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "sub").mkdir()
    (folder / "log").touch()
    (folder / "link").symlink_to(tmp_path)
    for path in (folder / "log", folder / "sub", folder):
        path.chmod(before)
    close_contents(private_folder(folder))
    private_file(folder / "log")
    assert {mode(each) & 0o077 for each in (folder, folder / "log", folder / "sub")} == {0}


@pytest.mark.parametrize("before", [0o777, 0o1777, 0o707, 0o702, 0o722])
def test_what_others_could_write_to_is_refused(tmp_path: Path, before: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(before)
    with pytest.raises(Unsafe, match=r"others can write to .*chmod 700"):
        private_folder(folder)
    assert mode(folder) == before


@as_root
def test_a_group_with_others_in_it_is_others(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    os.chown(folder, 0, STRANGER)
    folder.chmod(0o770)
    with pytest.raises(Unsafe, match="others can write"):
        private_folder(folder)
    os.chown(folder, 0, 0)  # the group that is root's alone
    folder.chmod(0o770)
    assert mode(private_folder(folder)) == 0o700


@pytest.mark.parametrize("open_to_all", [0o777, 0o757])
def test_a_way_through_what_others_can_write_to_is_refused(tmp_path: Path, open_to_all: int) -> None:
    (tmp_path / "shared" / "deep").mkdir(parents=True)
    (tmp_path / "shared").chmod(open_to_all)
    for way in ("shared/data", "shared/deep/data", "shared/deep"):
        with pytest.raises(Unsafe, match="to which others can write"):
            private_folder(tmp_path / way)
    with pytest.raises(Unsafe):
        private_file(tmp_path / "shared" / "log")
    (tmp_path / "shared").chmod(0o1777)  # as /tmp is
    assert mode(private_folder(tmp_path / "shared" / "data")) == 0o700


@as_root
def test_what_belongs_to_another_is_refused_wherever_it_stands_on_the_way(tmp_path: Path) -> None:
    sticky = tmp_path / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    (sticky / "theirs" / "mine").mkdir(parents=True)
    (sticky / "link").symlink_to(tmp_path)
    (sticky / "file").touch()
    (tmp_path / "hop").symlink_to(sticky / "theirs")
    for each in ("theirs", "link", "file"):
        os.lchown(sticky / each, STRANGER, STRANGER)
    for way in (
        sticky / "theirs",
        sticky / "theirs/mine",
        sticky / "theirs/new",
        sticky / "link/data",
        sticky / "link",
    ):
        with pytest.raises(Unsafe, match=f"user {STRANGER}"):
            private_folder(way)
    for way in (tmp_path / "hop", tmp_path / "hop/mine", tmp_path / "hop/../theirs/mine", sticky / "x/../link/data"):
        with pytest.raises((Unsafe, FileNotFoundError)):
            private_folder(way)
    with pytest.raises(Unsafe, match="belongs to"):
        private_file(sticky / "file")
    assert not (tmp_path / "data").exists()


def test_a_link_of_ones_own_may_lead_there(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to(tmp_path / "disk")
    assert private_folder(tmp_path / "one").resolve() == tmp_path / "disk"
    private_file(tmp_path / "one" / "log")
    (tmp_path / "one" / "again").symlink_to("log")
    private_file(tmp_path / "one" / "again")
    assert mode(tmp_path / "disk" / "log") == 0o600


def test_links_that_lead_nowhere_and_files_in_the_way_are_errors(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "file").touch()
    for way in ("circle", "circle/data", "file", "file/data"):
        with pytest.raises(OSError, match=r".*"):
            private_folder(tmp_path / way)
