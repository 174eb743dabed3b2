"""store: keeps the catalogue and the votes, in SQLite. The scene of both crimes.

One table was made for words of seven letters. And the disk is busy for some seconds of every other minute, when the
catalogue is read.
"""

import asyncio
import json
import logging
import sqlite3
import time
from http import HTTPStatus
from pathlib import Path

from servicemap.demo.catalogue import CATALOGUE
from servicemap.demo.service import arguments, serve
from servicemap.demo.wire import Answer, Handler, Request

SLOW_SECONDS = 0.3

_TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS emoji (code TEXT PRIMARY KEY, glyph TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS votes (code TEXT PRIMARY KEY CHECK (length(code) <= 7), count INTEGER NOT NULL);
"""
_VOTE = "INSERT INTO votes VALUES (?, 1) ON CONFLICT (code) DO UPDATE SET count = count + 1"


def opened(file: Path) -> sqlite3.Connection:
    """Return the database, with its tables and the catalogue."""
    base = sqlite3.connect(file, isolation_level=None)
    base.executescript(_TABLES)
    base.executemany("INSERT OR REPLACE INTO emoji VALUES (?, ?)", CATALOGUE.items())
    return base


def slow(now: float, every: float, lasts: float) -> bool:
    """Return whether the disk is busy: in the first seconds of every stretch of the clock."""
    return now % every < lasts


def handler(base: sqlite3.Connection, every: float, lasts: float) -> Handler:
    """Return what answers requests."""

    async def answer(request: Request) -> Answer:
        match request.method, request.path.split("/")[1:]:
            case "GET", ["emoji"]:
                if slow(time.time(), every, lasts):
                    await asyncio.sleep(SLOW_SECONDS)
                return _rows(base, "SELECT code, glyph FROM emoji ORDER BY rowid")
            case "GET", ["votes"]:
                return _rows(base, "SELECT code, count FROM votes")
            case "POST", ["votes", code] if code in CATALOGUE:
                return _vote(base, code)
        return Answer(HTTPStatus.NOT_FOUND)

    return answer


def _rows(base: sqlite3.Connection, query: str) -> Answer:
    return Answer(HTTPStatus.OK, json.dumps(dict(base.execute(query).fetchall())).encode())


def _vote(base: sqlite3.Connection, code: str) -> Answer:
    try:
        base.execute(_VOTE, (code,))
    except sqlite3.IntegrityError as error:
        logging.error("vote for %s: %s", code, error)
        return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, str(error).encode(), "text/plain")
    return Answer(HTTPStatus.OK)


def main() -> None:
    """Keep the catalogue and the votes until a signal."""
    parser = arguments("port")
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--slow-every", type=float, default=120, metavar="SECONDS")
    parser.add_argument("--slow-for", type=float, default=20, metavar="SECONDS")
    given = parser.parse_args()
    serve(given.port, given.log, handler(opened(given.file), given.slow_every, given.slow_for))


if __name__ == "__main__":
    main()
