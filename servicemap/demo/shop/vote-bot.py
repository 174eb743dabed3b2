"""vote-bot: the load. It looks at the page and votes, five times a second, and every third time for its favourite."""

import asyncio
import logging
from http import HTTPStatus
from itertools import count, cycle

from servicemap.demo.catalogue import CATALOGUE
from servicemap.demo.service import arguments, run
from servicemap.demo.wire import Backend

EVERY_SECONDS = 0.2
FAVOURITE = "doughnut"
REPORT_EVERY = 50  # visits


async def visit(web: Backend) -> None:
    """Look and vote, again and again."""
    thanked = 0
    others = cycle(CATALOGUE.keys() - {FAVOURITE})
    for visits in count(1):
        code = next(others) if visits % 3 else FAVOURITE
        try:
            await web.ask("GET", "/")
            answer = await web.ask("POST", "/", f"emoji={code}".encode())
            thanked += answer.status == HTTPStatus.OK
        except (OSError, EOFError) as error:
            logging.error("the shop is away (%s)", error)
        if visits % REPORT_EVERY == 0:
            logging.info("%d of %d votes were thanked for", thanked, REPORT_EVERY)
            thanked = 0
        await asyncio.sleep(EVERY_SECONDS)


def main() -> None:
    """Visit the shop until a signal."""
    given = arguments("web").parse_args()
    run(given.log, lambda: visit(Backend(given.web)))


if __name__ == "__main__":
    main()
