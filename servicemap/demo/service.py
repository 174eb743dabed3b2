"""What every process of the shop does the same way: its arguments, its log file, and to run until it is stopped."""

import argparse
import asyncio
import logging
import logging.handlers
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from servicemap.demo.wire import Handler, listen
from servicemap.process import stop_event

LOG_BYTES = 262_144  # two files of this size are kept


def arguments(*ports: str) -> argparse.ArgumentParser:
    """Return the arguments of a service: its log file, its own port, the ports of those it asks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, required=True)
    for name in ports:
        parser.add_argument(f"--{name}", type=int, metavar="PORT", required=True)
    return parser


def serve(
    port: int,
    log: Path,
    handler: Handler,
    before: Callable[[], Awaitable[None]] | None = None,
    beside: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Answer requests until a signal; do something before the first can come, and beside it."""

    async def work() -> None:
        if before:
            await before()
        server = await listen(port, handler)
        logging.info("listening on port %d", port)
        await (beside() if beside else server.serve_forever())

    run(log, work)


def run(log: Path, work: Callable[[], Awaitable[None]]) -> None:
    """Do something until a signal; what is logged goes to a file."""
    file = logging.handlers.RotatingFileHandler(log, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=[file])
    logging.captureWarnings(True)
    try:
        asyncio.run(_until_stopped(work))
    except (OSError, EOFError) as error:
        sys.exit(f"servicemap: the demo's {log.stem} cannot start: {error}")


async def _until_stopped(work: Callable[[], Awaitable[None]]) -> None:
    stop = stop_event()
    working = asyncio.ensure_future(work())
    stopped = asyncio.ensure_future(asyncio.to_thread(stop.wait))
    await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()  # lets the thread end
    if working.done():
        working.result()
