"""The folds on Kafka: one Faust agent a stage, around the same stages that the loop drives on one machine.

Each stage is an app of its own, because a Faust app is a consumer group, and groups are called the same in both ways.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import faust

from log.protocol import History
from log.security import Security
from log.settings import KAFKA, LogSettings
from streams.credentials import credentials
from streams.follow import Committed, Follower
from streams.stage import Stage

log = logging.getLogger(__name__)

TURN_RECORDS = 64  # folded, written and acknowledged together
TURN_SECONDS = 0.05  # records wait for company no longer than this
TICK = 0.1
QUIET_SECONDS = 1.0  # a worker that is to stop first folds what is logged, until it hears nothing for this long,
DRAIN_SECONDS = 4.0  # but no longer than this
MAX_REQUEST_BYTES = 16 << 20  # above every topic's limit
CHATTER_SECONDS = 30.0  # aiokafka's own messages: at most one in this time


class WorkerFailed(Exception):
    """Faust gave up, with its reason; a new worker may do better."""


class Worker(faust.App):  # type: ignore[misc]
    """A Faust app that keeps nothing on disk."""

    async def on_first_start(self) -> None:
        """Make no directories: there are no tables."""


def run_worker(
    settings: LogSettings,
    stages: Sequence[Stage],
    past: History,
    group_of: Callable[[Stage], str],
    committed: Committed,
    stopped: Callable[[], bool],
) -> None:
    """Drive the stages until stopped; what was logged by then is folded, if that is quickly done.

    The log of `settings` is a Kafka in which the topics exist. Raises WorkerFailed.
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
    """Return why apps could not start or go on."""
    crashed = [app.crash_reason for app in apps if app.crashed]
    failed = [task.exception() for task in starting if task.done() and not task.cancelled()]
    return [reason for reason in (*crashed, *failed) if reason is not None]


async def _drain(followers: Sequence[Follower]) -> None:
    """Return when nothing has come for a while, or it takes too long."""
    now = asyncio.get_running_loop().time
    end, heard, quiet_since = now() + DRAIN_SECONDS, 0, now()
    while now() < min(end, quiet_since + QUIET_SECONDS):
        await asyncio.sleep(TICK)
        turns = sum(follower.counters["turns"] for follower in followers)
        if turns != heard or any(follower.busy for follower in followers):
            heard, quiet_since = turns, now()


def make_app(settings: LogSettings, security: Security, group: str) -> Worker:
    """Return an app for one consumer group, with the settings that Faust needs to be safe and quick here."""
    return Worker(
        group,
        broker=[f"{KAFKA}{address}" for address in settings.brokers.split(",")],
        broker_credentials=credentials(security),
        key_serializer="raw",
        value_serializer="raw",  # the stages decode: what Faust cannot decode, it loses
        autodiscover=False,
        topic_allow_declare=False,  # topics are the log's to make
        topic_disable_leader=True,
        table_standby_replicas=1,  # no tables, but without this topics that are read together part in an assignment
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
    """Make a stage an agent of an app. It reads the stage's topics together, as they are keyed alike."""
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
    """Let aiokafka speak once in a while: it tells every lost connection a hundred times a second."""
    last = [-CHATTER_SECONDS]

    def seldom(record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING or time.monotonic() - last[0] < CHATTER_SECONDS:
            return False
        last[0] = time.monotonic()
        return True

    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "aiokafka":
            logging.getLogger(name).filters = [seldom]  # those of an earlier worker go
