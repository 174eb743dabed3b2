"""Work that several callers wait for is done once, and work that nobody waits for is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from view.answers import Answers


class Work:
    """Work that ends when a test lets it."""

    def __init__(self) -> None:
        self.began = self.ended = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> bytes:
        self.began += 1
        await self.may_end.wait()
        self.ended += 1
        return b"done"


async def asking(answers: Answers, work: Work, many: int) -> list[asyncio.Task[bytes]]:
    tasks = [asyncio.create_task(answers.get("what", work)) for _ in range(many)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


def ran(what: Coroutine[Any, Any, None]) -> None:
    asyncio.run(what)


def test_a_caller_that_leaves_does_not_cancel_the_answer_for_others() -> None:
    async def left() -> None:
        answers, work = Answers(), Work()
        one, other = await asking(answers, work, 2)
        one.cancel()
        await asyncio.wait({one})
        work.may_end.set()
        assert await other == b"done"
        assert (work.began, work.ended) == (1, 1)

    ran(left())


def test_work_that_nobody_waits_for_is_cancelled_and_starts_again_on_request() -> None:
    async def given_up() -> None:
        answers, work = Answers(), Work()
        tasks = await asking(answers, work, 2)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await asyncio.sleep(0)
        work.may_end.set()
        assert await answers.get("what", work) == b"done"
        assert (work.began, work.ended) == (2, 1)

    ran(given_up())
