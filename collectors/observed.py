"""Read files and folders that others made: whatever stands in their place costs a bounded time and amount of memory."""

import os
import stat

# It waits for no writer of a pipe, becomes nobody's terminal, and follows no link to a device.
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW
NAMED = 3  # parts of the path of what may not be read: /var/lib/docker


class Observed:
    """Reads files of one subject, and remembers what could not be read."""

    def __init__(self) -> None:
        self.denied: set[str] = set()
        """The first parts of the paths that may not be read."""
        self.skipped = 0
        """Files and folders that were too large, or no regular files of their owner, since the start."""

    def read(self, root: str, path: str, most: int, owner: int | None = None) -> bytes:
        """Return a regular file of at most `most` bytes, which belongs to `owner` if one is given; else nothing."""
        try:
            fd = os.open(f"{root}/{path}", _OPEN)
        except OSError as error:
            self._note(error, path)
            return b""
        try:
            about = os.fstat(fd)
            if not stat.S_ISREG(about.st_mode) or about.st_size > most or owner not in {None, about.st_uid}:
                self.skipped += 1
                return b""
            return os.read(fd, most)
        except OSError:
            return b""
        finally:
            os.close(fd)

    def names(self, root: str, path: str, most: int) -> list[str]:
        """Return the names in a folder; of a larger one `most` of them."""
        found: list[str] = []
        try:
            with os.scandir(f"{root}/{path}") as entries:
                for entry in entries:
                    if len(found) == most:
                        self.skipped += 1
                        break
                    found.append(entry.name)
        except OSError as error:
            self._note(error, path)
        return found

    def _note(self, error: OSError, path: str) -> None:
        if isinstance(error, PermissionError):
            self.denied.add("/" + "/".join(path.split("/")[:NAMED]))
