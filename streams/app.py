"""The folds on Kafka: one Faust agent for each stage. The loop drives the same stages on one machine.

Each stage has a Faust app of its own, because an app is a consumer group, and the groups have the same names both ways.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import faust

from log.protocol import History
from log.security import Security
from log.seldom import Seldom
from log.settings import KAFKA, LogSettings
from streams.credentials import credentials
from streams.follow import Committed, Follower
from streams.stage import Stage

TURN_RECORDS = 64  # the most records that are folded, appended and acknowledged together
TURN_SECONDS = 0.05  # how long the first record of a turn waits for others
TICK = 0.1
QUIET_SECONDS = 1.0  # a worker that stops first folds what is in the log, until nothing has come for this long
DRAIN_SECONDS = 4.0  # the longest that this takes
MAX_REQUEST_BYTES = 16 << 20  # above every topic's limit


class WorkerFailed(Exception):
    """Faust gave up, for a reason; a new worker may succeed."""


class Worker(faust.App):  # type: ignore[misc]
    """A Faust app that keeps nothing on disk."""

    async def on_first_start(self) -> None:
        """Make no directories, since there are no tables."""


def run_worker(
    settings: LogSettings,
    stages: Sequence[Stage],
    past: History,
    group_of: Callable[[Stage], str],
    committed: Committed,
    stopped: Callable[[], bool],
) -> None:
    """Drive the stages until stopped, then fold what is in the log, for at most DRAIN_SECONDS.

    The log of `settings` is a Kafka that has the topics. Raise WorkerFailed if Faust gives up.
    """
    asyncio.run(_run(settings, stages, past, group_of, committed, stopped))


async def _run(
    settings: LogSettings,
    stages: Sequence[Stage],
    past: History,
    group_of: Callable[[Stage], str],
    committed: Committed,
    stopped: Callable[[], bool],
) -> None:
    _quieten()
    security = Security(settings.tls, settings.sasl)
    apps = [make_app(settings, security, group_of(stage)) for stage in stages]
    followers = [follow(app, stage, past, committed) for app, stage in zip(apps, stages, strict=True)]
    starting = [asyncio.create_task(app.start()) for app in apps]
    while not stopped() and not _reasons(apps, starting):
        await asyncio.sleep(TICK)
    reasons = _reasons(apps, starting)
    if not reasons:
        await _drain(followers)
    await asyncio.gather(*(app.stop() for app in apps))
    await asyncio.gather(*starting, return_exceptions=True)
    if reasons:
        raise WorkerFailed(
            f"the worker gave up: {reasons[0]}; start it again, or with --debug to see more"
        ) from reasons[0]


def _reasons(apps: Sequence[Worker], starting: Sequence["asyncio.Task[None]"]) -> list[BaseException]:
    """Return the errors that stopped apps, or kept them from starting."""
    crashed = [app.crash_reason for app in apps if app.crashed]
    failed = [task.exception() for task in starting if task.done() and not task.cancelled()]
    return [reason for reason in (*crashed, *failed) if reason is not None]


async def _drain(followers: Sequence[Follower]) -> None:
    """Return when no record has come for a while, or after DRAIN_SECONDS."""
    now = asyncio.get_running_loop().time
    end, seen, quiet_since = now() + DRAIN_SECONDS, 0, now()
    while now() < min(end, quiet_since + QUIET_SECONDS):
        await asyncio.sleep(TICK)
        turns = sum(follower.counters["turns"] for follower in followers)
        if turns != seen or any(follower.busy for follower in followers):
            seen, quiet_since = turns, now()


def make_app(settings: LogSettings, security: Security, group: str) -> Worker:
    """Return an app for one consumer group, with the settings that make Faust safe and quick for us."""
    return Worker(
        group,
        broker=[f"{KAFKA}{address}" for address in settings.brokers.split(",")],
        broker_credentials=credentials(security),
        key_serializer="raw",
        value_serializer="raw",  # the stages decode, because Faust loses what it cannot decode
        autodiscover=False,
        topic_allow_declare=False,  # the log makes the topics
        topic_disable_leader=True,
        table_standby_replicas=1,  # without this an assignment separates topics that are read together
        web_enabled=False,
        broker_commit_interval=1.0,
        broker_commit_every=1000,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=3.0,
        broker_rebalance_timeout=30.0,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=4 << 20,
        stream_buffer_maxsize=TURN_RECORDS,
        stream_wait_empty=False,
        producer_acks=-1,
        producer_compression_type="zstd",
        producer_linger=0.01,
        producer_max_batch_size=256 << 10,
        producer_max_request_size=MAX_REQUEST_BYTES,
    )


def follow(app: Worker, stage: Stage, past: History, committed: Committed) -> Follower:
    """Make a stage an agent of an app. It reads the topics of the stage together, because they have the same keys."""
    follower = Follower(
        stage,
        past,
        committed,
        send=lambda made: app.producer.send(made.topic, made.key, made.value, made.partition, None, None),
        generation=lambda: app.consumer_generation_id,
    )

    @app.agent(app.topic(*(topic.name for topic in stage.reads)), name=stage.name)  # type: ignore[untyped-decorator]
    async def agent(stream: Any) -> None:
        async for events in stream.noack_take(TURN_RECORDS, within=TURN_SECONDS):
            await follower.take(events)

    @app.on_partitions_revoked.connect  # type: ignore[untyped-decorator]
    async def revoked(_: Any, places: Any, **__: Any) -> None:
        follower.drop({place.partition for place in places})

    return follower


def _quieten() -> None:
    """Limit how often messages of aiokafka are logged."""
    seldom = Seldom()

    def allows(record: logging.LogRecord) -> bool:
        return seldom.allows(record.levelno)

    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "aiokafka":
            logging.getLogger(name).filters = [allows]  # instead of those of an earlier worker
