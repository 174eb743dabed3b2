"""``python -m deploy.kafka``: a real single-node Apache Kafka on 127.0.0.1, without containers."""

import base64
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import click
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.java import StartError, find_java, jars_of
from deploy.kafka_settings import JVM_FLAGS, NO_LISTENERS, log4j_properties, server_properties

HOST = "127.0.0.1"
POM = Path(__file__).with_name("kafka-pom.xml")
CACHE = Path(__file__).parent.parent / ".cache" / "kafka"
START_SECONDS = 90.0  # measured: 2.6 s, 5 s after a kill -9; several times that on busy cores
STOP_SECONDS = 30.0
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Broker:
    """A running Kafka; as a context manager it is stopped at the end of the block."""

    def __init__(self, address: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.address = address
        self.process = process
        self.log = log

    def stop(self) -> None:
        """Ask the broker to end, wait until it has, and kill it if it takes too long."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the broker with SIGKILL, as a crash would."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start(
    port: int = 0,
    data: Path = CACHE / "data",
    cache: Path = CACHE,
    *,
    listeners: Mapping[str, int] = NO_LISTENERS,
    settings: str = "",
) -> Broker:
    """Start a Kafka on 127.0.0.1 and return it when it answers.

    Port 0 is a free one. `listeners` are further ones, with their ports; `settings` are further lines of
    server.properties. ``data`` is formatted the first time and keeps topics, settings and the
    broker's log from start to start. The broker ends with the thread that started it, even if
    that is killed. Raises StartError.
    """
    port = port or free_port()
    _refuse_busy(port)
    java, jars = find_java(), jars_of(POM, cache)
    data = data.resolve()
    data.mkdir(mode=0o700, parents=True, exist_ok=True)  # what is logged may hold command lines
    with (data / "lock").open("wb") as lock:
        _refuse_used(data, lock)
        command = [str(java), *JVM_FLAGS, f"-Dlog4j2.configurationFile={data / 'log4j2.properties'}"]
        command += ["-cp", f"{jars}/*"]
        (data / "log4j2.properties").write_text(log4j_properties(data / "kafka.log"))
        written = data / "server.properties"
        written.write_text(server_properties(HOST, port, free_port(), data / "topics", listeners) + settings)
        if not (data / "topics" / "meta.properties").exists():
            _format(command, written)
        process = _spawn([*command, "kafka.Kafka", str(written)], data, lock)
        broker = Broker(f"{HOST}:{port}", process, data / "kafka.log")
    try:
        _wait_until_it_answers(broker)
    except BaseException:
        broker.kill()
        raise
    return broker


def _spawn(command: list[str], data: Path, lock: IO[bytes]) -> subprocess.Popen[bytes]:
    with (data / "java.log").open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            umask=0o077,
            pass_fds=[lock.fileno()],  # so the lock is held for as long as the broker lives
            start_new_session=True,  # a Ctrl-C is ours to pass on
            preexec_fn=_end_with_parent,
        )


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])


def _refuse_busy(port: int) -> None:
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise StartError(
            f"port {port} on {HOST} cannot be had ({os.strerror(error.errno or 0)}): "
            f"stop what listens there or choose another with --port"
        ) from error


def _refuse_used(data: Path, lock: IO[bytes]) -> None:
    # Kafka's own lock comes too late: a second controller has then written into the metadata.
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StartError(f"another Kafka runs on {data}: stop it or choose another folder with --data") from error


def _format(command: list[str], settings: Path) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    done = subprocess.run(
        # --cluster-id=… in one word: an id may begin with a dash
        [*command, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}",
         f"--config={settings}", "--ignore-formatted"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        message = (done.stderr.splitlines() or ["nothing"])[-1]
        raise StartError(
            f"Kafka could not format {settings.parent}: make it writable or choose another folder "
            f"with --data (Kafka: {message})"
        )


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _wait_until_it_answers(broker: Broker) -> None:
    client = AdminClient({"bootstrap.servers": broker.address, "log_level": 0})
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if broker.process.poll() is not None:
            raise StartError(f"Kafka ended while starting: {broker.log} has the reason")
        try:
            if client.list_topics(timeout=1).brokers:
                return
        except KafkaException:
            continue
    raise StartError(f"Kafka did not answer in {START_SECONDS:.0f} s: {broker.log} has the reason")


@click.command()
@click.option("--port", default=9092, show_default=True, help="Port on 127.0.0.1; 0 is a free one.")
@click.option("--data", default=CACHE / "data", type=click.Path(path_type=Path), show_default=True)
def main(port: int, data: Path) -> None:
    """Run a local Apache Kafka until Ctrl-C; topics stay in the data folder."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with start(port, data) as broker:
            click.echo(f"Kafka is ready on {broker.address} (Ctrl-C stops it; log: {broker.log})")
            code = broker.process.wait()
        raise StartError(f"Kafka ended by itself with code {code}: {broker.log} has the reason")
    except StartError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
