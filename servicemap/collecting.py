"""Running the collectors: what the runner publishes goes to the log."""

from collectors.runner import run
from schemas.topics import Topic
from servicemap.config import Config
from servicemap.log.connect import connect_log
from servicemap.options import Failure
from servicemap.process import stop_event, tune_memory


def run_collectors(config: Config) -> None:
    """Collect until a signal; the window that has begun is still sent."""
    stop = stop_event()
    log = connect_log(config)

    def publish(topic: Topic, key: bytes, value: bytes) -> None:
        log.append(topic.name, key, value)

    tune_memory()
    try:
        run(config.collectors, publish, log.flush, stop)
    except ValueError as error:
        raise Failure(str(error)) from None
    log.close()
