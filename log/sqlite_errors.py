"""Translate errors of SQLite into errors of the log, and mark a damaged file."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from log.protocol import LogDamaged, LogError, LogUnavailable, LogUnusable
from schemas.text import shown

APPLICATION_ID = 0x736D6C67  # "smlg"
PAGE_BYTES = 8192  # 4096: 1.8 bytes of file for a stored byte of 2 KB values, 8192: 1.15 (measured)
DAMAGED = "-damaged"
_SIGNS = (b"SQLite format 3\0", APPLICATION_ID.to_bytes(4, "big"), b"CREATE TABLE partitions")


def mark_of(path: Path) -> Path:
    """Return the mark beside a log that a process found damaged."""
    return path.with_name(path.name + DAMAGED)


def damaged(path: Path, found: object = "") -> LogDamaged:
    """Mark a log as damaged, for all processes that use it; return the error to raise."""
    with suppress(OSError):  # no room: the next process finds the damage again
        mark_of(path).touch(mode=0o600)
    reason = f" ({one_line(found)})" if found else ""
    return LogDamaged(f"the log {path} is damaged{reason}; the parts that use it begin a new one when they start again")


def one_line(error: object) -> str:
    """Return SQLite's message on one short, printable line; it quotes bytes of the file, which may be anything."""
    text = " ".join(str(error).split())
    return shown(text if len(text) <= 100 else f"{text[:100]}…")


@contextmanager
def as_log_errors(path: Path) -> Iterator[None]:
    """Raise the errors of SQLite as errors of the log."""
    try:
        yield
    except sqlite3.Error as error:
        raise _sentence(path, error) from error
    except (TypeError, IndexError, AttributeError, UnicodeDecodeError) as error:
        # A number is a text or missing, or SQLite's error quotes bytes that are no text.
        raise damaged(path, error) from error


def _sentence(path: Path, error: sqlite3.Error) -> LogError:
    name = getattr(error, "sqlite_errorname", "")
    match name.removeprefix("SQLITE_").split("_")[0]:
        case "FULL":
            return LogUnavailable(f"the disk of the log {path} is full; free some space on it")
        case "IOERR":
            return LogUnavailable(f"the disk of the log {path} fails ({name}); check the disk")
        case "BUSY" | "LOCKED":
            return LogUnavailable(f"another program has locked the log {path}; stop that program")
        case "NOTADB":
            return not_a_log(path)
        case "CORRUPT" | "ERROR" | "CONSTRAINT" | "MISMATCH" | "TOOBIG" | "INTERNAL" | "FORMAT":
            return damaged(path, error)  # our statements are right, so the file is wrong
        case "CANTOPEN" | "READONLY" | "PERM" | "AUTH":
            return LogUnusable(f"cannot write the log {path}; give a writable place with --log")
        case _:
            return LogUnavailable(f"the log {path} cannot be used now: {one_line(error)}")


def not_a_log(path: Path) -> LogUnusable:
    """Return the error for a file that is not a log: damaged if it was one before, else of another program."""
    try:
        with path.open("rb") as file:
            first = file.read(PAGE_BYTES)
    except OSError:
        first = b""
    if sum(sign in first for sign in _SIGNS) >= 2:
        return damaged(path)
    return LogUnusable(f"{path} is not a servicemap log; give another path with --log")
