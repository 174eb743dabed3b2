"""The file of the local log: its tables, and how it is opened.

The row id of a record is the id of its partition and its offset in one number, so a range of offsets is a range of rows
and needs no index. `peak` is the highest timestamp up to the record. It only grows along a partition, so a time is
found by binary search, in whatever order timestamps come. Pages that retention frees are used again for new records;
the file does not shrink.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from log.dictionaries import TABLES as DICTIONARIES
from log.protocol import LogUnusable
from log.sqlite_errors import APPLICATION_ID, PAGE_BYTES, as_log_errors, not_a_log
from schemas.private import Unsafe, private_file

VERSION = 2
FIRST_VERSION = 1  # without dictionaries; the first writer upgrades it
OFFSET_BITS = 40
BUSY_SECONDS = 60.0  # other writers hold the file for milliseconds

# How long records of a topic are kept once every group has read them; 0: as long as others. A table of its own, because
# earlier versions write all columns of `topics`, and ignore this one.
READ_EARLY = "CREATE TABLE IF NOT EXISTS read_early (topic TEXT PRIMARY KEY, read_ms INTEGER)"
_TABLES = f"""
CREATE TABLE topics (
  name TEXT PRIMARY KEY, partitions INTEGER, retention_ms INTEGER, retention_bytes INTEGER,
  compacted INTEGER, max_bytes INTEGER
);
CREATE TABLE partitions (
  id INTEGER PRIMARY KEY, topic TEXT, number INTEGER, first INTEGER DEFAULT 0,
  next INTEGER DEFAULT 0, bytes INTEGER DEFAULT 0, peak INTEGER DEFAULT 0, UNIQUE (topic, number)
);
CREATE TABLE records (
  id INTEGER PRIMARY KEY, timestamp INTEGER, peak INTEGER, key BLOB, headers BLOB, packed INTEGER,
  value BLOB
);
CREATE TABLE latest (
  partition INTEGER, key BLOB, record INTEGER, PRIMARY KEY (partition, key)
) WITHOUT ROWID;
CREATE TABLE groups (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE offsets (
  group_id INTEGER, partition INTEGER, next INTEGER, PRIMARY KEY (group_id, partition)
) WITHOUT ROWID;
CREATE TABLE synced (times INTEGER);
INSERT INTO synced VALUES (0);
{READ_EARLY};
{DICTIONARIES}
"""


def row_id(partition_id: int, offset: int) -> int:
    """Return the row id of a partition and an offset."""
    return (partition_id << OFFSET_BITS) + offset


def offset_of(row: int) -> int:
    """Return the offset of a row of `records`."""
    return row & ((1 << OFFSET_BITS) - 1)


def wal_path(path: Path) -> Path:
    """Return the write-ahead log that SQLite keeps beside the file."""
    return path.with_name(path.name + "-wal")


def real(path: Path) -> Path:
    """Return the file that a path leads to through links; SQLite keeps its own files beside that one."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise LogUnusable(
            f"cannot follow the links of the log {path} ({error}); give another place with --log"
        ) from None


def open_file(path: Path) -> sqlite3.Connection:
    """Return a connection to the log at `path`, which is made if there is none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        private_file(path)  # command lines may hold secrets; SQLite gives its own files beside it the same mode
    except Unsafe as error:
        raise LogUnusable(str(error)) from None
    except OSError as error:
        raise LogUnusable(
            f"cannot write the log {path} ({error.strerror}); give a writable place with --log"
        ) from error
    path = real(path)
    with as_log_errors(path):
        connection = connect(path)
        try:
            _check_or_create(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def connect(path: Path) -> sqlite3.Connection:
    """Return a further connection; only one thread may use it at a time."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    # NORMAL: a commit survives the death of the process; `flush` asks for FULL, which survives
    # the loss of power too. The rest keeps memory and the write-ahead log small.
    settings = "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-2000; PRAGMA journal_size_limit=33554432;"
    try:
        connection.executescript(settings)
    except BaseException:
        connection.close()
        raise
    connection.text_factory = lambda text: text.decode(errors="replace")  # one flipped bit makes a text of bytes
    return connection


def modernize(connection: sqlite3.Connection) -> None:
    """Upgrade the file of an earlier version. Processes of the first version can no longer open it."""
    connection.execute(READ_EARLY)
    if connection.execute("PRAGMA user_version").fetchone()[0] < VERSION:
        with transaction(connection):
            for statement in DICTIONARIES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={VERSION}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a transaction that takes the write lock at once, because a later lock can fail without waiting."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite has rolled back by itself when the disk is full
            connection.execute("ROLLBACK")
        raise


def _check_or_create(connection: sqlite3.Connection, path: Path) -> None:
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            if _is_log(connection, path):
                return
            connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode=WAL")
            with transaction(connection):
                if not _is_log(connection, path):
                    for statement in _TABLES.split(";"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
                    connection.execute(f"PRAGMA user_version={VERSION}")
        except sqlite3.OperationalError as error:
            # A change of the journal mode does not wait for a lock, as other statements do.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


# One statement, because another process may make the log between two statements.
_IDENTITY = """
SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)
FROM pragma_application_id, pragma_user_version
"""


def _is_log(connection: sqlite3.Connection, path: Path) -> bool:
    """Return whether it is a log; False for an empty file, LogUnusable for anything else."""
    application, version, tables = connection.execute(_IDENTITY).fetchone()
    if application == APPLICATION_ID and FIRST_VERSION <= version <= VERSION:
        return True
    if application == APPLICATION_ID and version > VERSION:
        raise LogUnusable(
            f"the log {path} was written by a newer servicemap; upgrade this one, or give another path with --log"
        )
    if application or version or tables:
        raise not_a_log(path)
    return False
