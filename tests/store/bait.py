"""What an attack must not touch: files that record who opens them, and a port that counts who comes."""

import ctypes
import os
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

MARK = "b41t-0f-the-h0st"
_OPEN, _CREATE, _DELETE, _MODIFY, _MOVED = 0x20, 0x100, 0x200, 0x2, 0xC0  # inotify(7)
_NONBLOCK = 0o4000
_libc = ctypes.CDLL(None, use_errno=True)


class Bait:
    """Files in a folder, and a port. `touched` lists what was opened, made or changed, `visits` who connected."""

    def __init__(self, folder: Path) -> None:
        """Make the files."""
        self.folder = folder
        self.visits = 0
        for name in ("bait.tsv", "bait.csv", "bait.json", "bait.sql", "bait"):
            (folder / name).write_text(f'{{"a": "{MARK}"}}\n{MARK}\t1\n')
        self._watch = _libc.inotify_init1(_NONBLOCK)
        self._names: dict[int, str] = {}
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> "Bait":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        os.close(self._watch)

    def watch(self, path: Path) -> None:
        """From now on notice who opens, makes or changes a file, or one in this folder."""
        events = _OPEN | _CREATE | _DELETE | _MODIFY | _MOVED
        number = _libc.inotify_add_watch(self._watch, os.fsencode(path), events)
        assert number > 0, os.strerror(ctypes.get_errno())
        self._names[number] = str(path)

    def touched(self) -> list[str]:
        """Return what happened to what is watched, since the last time."""
        found: list[str] = []
        with suppress(BlockingIOError):
            while data := os.read(self._watch, 1 << 16):
                while data:
                    number, mask, _, size = struct.unpack_from("iIII", data)
                    name = data[16 : 16 + size].rstrip(b"\0").decode()
                    found.append(f"{self._names.get(number, '?')}/{name} {mask:x}")
                    data = data[16 + size :]
        return found

    def targets(self) -> list[str]:
        """Paths and addresses that lead here, in many ways."""
        path, port = str(self.folder / "bait.tsv"), self.port
        return [
            path,
            str(self.folder / "bait"),
            str(self.folder / "*"),
            str(self.folder / "written"),
            f"file:{path}",
            f"file://{path}",
            f"/proc/self/root{path}",
            f"../../../../../../../..{path}",
            f"http://127.0.0.1:{port}/bait",
            f"http://localhost:{port}/",
            f"127.0.0.1:{port}",
            f"redis://127.0.0.1:{port}",
            f"postgres://127.0.0.1:{port}/a",
            f"cat {path}",
        ]

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            peer.close()
