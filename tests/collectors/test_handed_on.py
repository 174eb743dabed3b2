"""A socket whose owner a program reported, and which another process holds when the scan looks."""

from pathlib import Path

from collectors.diag import Row
from collectors.owners import OwnerCollector
from collectors.process_table import ProcessTable, Stat
from collectors.scans import Sockets
from collectors.socket_scan import Seen
from collectors.window import Window

OPENER, HOLDER = (1, 10), (2, 20)
COOKIE, INODE = 7, 42


class Scan(Sockets):
    """Shows one socket until it closes."""

    def __init__(self) -> None:
        self._open = self._new = True

    @property
    def inodes(self) -> dict[int, int]:
        return {INODE: COOKIE} if self._open else {}

    def open(self) -> None:
        """Open nothing."""

    def look(self, window: int) -> Seen:
        new, self._new = self._new, False
        if not self._open:
            return Seen(inodes_removed={INODE})
        return Seen(tcp={COOKIE: Row(*[0] * len(Row._fields))}, inodes_added={INODE} if new else set())

    def closed_since(self, inode: int) -> bool:
        return not self._open

    def end(self) -> None:
        self._open = False


class Table(ProcessTable):
    """Shows the process that holds the socket."""

    def look(self, window: int) -> dict[int, Stat]:
        pid, start = HOLDER
        return {pid: Stat(pid, "holder", "S", 1, kernel=False, cpu=0, threads=1, start=start, rss=1)}

    def start_of(self, pid: int) -> int | None:
        return dict([HOLDER]).get(pid)


def test_who_handed_a_socket_on_is_not_restated_when_it_closes_in_a_keyframe_s_window(tmp_path: Path) -> None:
    folder = tmp_path / str(HOLDER[0]) / "fd"
    folder.mkdir(parents=True)
    (folder / "3").symlink_to(f"socket:[{INODE}]")
    scan = Scan()
    owners = OwnerCollector(scan, Table(str(tmp_path)), str(tmp_path))
    owners._named.take([(COOKIE, OPENER)])
    first = owners.collect(Window("host", "boot", 1, 1, 5_000, 5_000, keyframe=False))
    scan.end()
    last = owners.collect(Window("host", "boot", 1, 2, 10_000, 5_000, keyframe=True))

    assert list(first.gone.rows()) == [(COOKIE, *OPENER)]
    assert list(last.owners.rows()) == [(COOKIE, *HOLDER, "scan")]
