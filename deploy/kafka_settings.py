"""The settings of the local Kafka: one node, small memory, quick to start and to rebalance."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

MIB = 1024 * 1024
NO_LISTENERS: Mapping[str, int] = MappingProxyType({})

JVM_FLAGS = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # the quick compiler only: less memory, sooner up
    "-Djava.awt.headless=true",
)


def server_properties(
    host: str, port: int, controller_port: int, folder: Path, listeners: Mapping[str, int] = NO_LISTENERS
) -> str:
    """Return the text of server.properties; what is not set is Kafka's default.

    `listeners` are further ones, with their ports, beside the plain one.
    """
    more = "".join(f",{name}://{host}:{further}" for name, further in listeners.items())
    settings = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{host}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}{more}",
        "advertised.listeners": f"PLAINTEXT://{host}:{port}{more}",
        "log.dirs": folder,
        # a restart after kill -9 waits until the controller gives up on the killed broker (9 s)
        "broker.session.timeout.ms": 3000,
        "broker.heartbeat.interval.ms": 500,
        # a typo in a topic's name is an error and not a new topic
        "auto.create.topics.enable": "false",
        # the internal topics default to three replicas on 50 partitions
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,  # 3 s: nobody else is about to join
        "message.max.bytes": 16 * MIB,
        "replica.fetch.max.bytes": 16 * MIB,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "background.threads": 2,
        "log.segment.bytes": 64 * MIB,
        "log.retention.check.interval.ms": 30_000,
        "log.cleaner.dedupe.buffer.size": 16 * MIB,  # 128 MiB, allocated at once
    }
    return properties(settings)


def properties(settings: Mapping[str, object]) -> str:
    """Write settings as the text of a .properties file."""
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def log4j_properties(log: Path) -> str:
    """Return log4j2's settings: warnings and life cycle into one file of at most 2 x 8 MiB."""
    return f"""\
status=error
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={log}
appender.file.filePattern={log}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d %p %m (%c)%n
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=8MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=1
rootLogger.level=INFO
rootLogger.appenderRef.file.ref=file
"""
