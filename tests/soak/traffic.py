"""A server and a client that count every connection exactly: what was sent and received, and when it closed.

`python -m tests.soak.traffic serve` prints its port. `talk PORT FILE` opens connections of a moment and standing ones
until SIGTERM, closes all, and writes a line of JSON for each that closed.
"""

import asyncio
import json
import random
import signal
import struct
import sys
import time
from pathlib import Path
from typing import TextIO

_WANTED = struct.Struct("!II")  # bytes that follow, bytes to answer
CHUNK = 1 << 16
SHORT_EVERY_S = 0.06
STANDING = 30
PAUSE_S = 0.5


async def serve() -> None:
    """Answer with as many bytes as are asked for, until killed."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            up, down = _WANTED.unpack(await reader.readexactly(_WANTED.size))
            await reader.readexactly(up)
            writer.write(bytes(down))
            await writer.drain()
    except asyncio.IncompleteReadError:
        writer.close()


class Talk:
    """The client's side, with a file of what it did."""

    def __init__(self, port: int, file: TextIO, seed: int) -> None:
        self._port = port
        self._file = file
        self._chance = random.Random(seed)
        self._stop = asyncio.Event()

    async def run(self, short_every_s: float, standing: int) -> None:
        """Talk until stopped; return when all is closed and written."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        async with asyncio.TaskGroup() as tasks:  # ends all when one fails
            for _ in range(standing):
                tasks.create_task(self._stand())
            while not await self._stopped(short_every_s or 3600):
                tasks.create_task(self._short())

    async def _short(self) -> None:
        await self._talk(times=self._chance.randrange(1, 4), pause=self._chance.choice([0, 0, 0.05, 1.5]))

    async def _stand(self) -> None:
        await self._talk(times=1 << 40, pause=PAUSE_S)

    async def _talk(self, times: int, pause: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        mine = writer.get_extra_info("sockname")[1]
        opened, sent, received = time.time(), 0, 0
        for _ in range(times):
            up, down = self._chance.randrange(0, 20_000), self._chance.randrange(1, 60_000)
            writer.write(_WANTED.pack(up, down) + bytes(up))
            received += len(await reader.readexactly(down))
            sent += _WANTED.size + up
            if await self._stopped(pause):
                break
        writer.close()
        await writer.wait_closed()
        line = {"port": mine, "opened": opened, "closed": time.time(), "sent": sent, "received": received}
        print(json.dumps(line), file=self._file, flush=True)

    async def _stopped(self, within: float) -> bool:
        if within:
            try:
                await asyncio.wait_for(self._stop.wait(), within)
            except TimeoutError:
                return False
        return self._stop.is_set()


async def talk(port: int, file: Path, short_every_s: float, standing: int) -> None:
    """Run a client to its end."""
    with file.open("a") as opened:
        await Talk(port, opened, seed=port).run(short_every_s, standing)


if __name__ == "__main__":
    role, *rest = sys.argv[1:]
    if role == "serve":
        asyncio.run(serve())
    else:
        asyncio.run(talk(int(rest[0]), Path(rest[1]), float(rest[2]), int(rest[3])))
