"""Running the collectors: what the runner publishes goes to the log."""

from contextlib import closing
from functools import partial

from collectors.health import Health
from collectors.host import find_host_id
from collectors.presence import Presence
from collectors.runner import run
from schemas.allocator import give_back_memory
from schemas.topics import Topic
from servicemap.agent_samples import of_agent
from servicemap.config import Config
from servicemap.connect import connect_log
from servicemap.exposing import exposed
from servicemap.options import Failure
from servicemap.process import allow_files, stop_event, tune_memory


def run_collectors(config: Config) -> None:
    """Collect until a signal; the window that has begun is still sent."""
    give_back_memory()  # before there are threads
    stop = stop_event()
    log = connect_log(config)

    def publish(topic: Topic, key: bytes, value: bytes) -> None:
        log.append(topic.name, key, value)

    tune_memory()
    allow_files()
    try:
        with closing(Presence(find_host_id(config.collectors), _called(config))) as presence:
            health = Health()
            with exposed(config, "collect", partial(of_agent, health)):
                run(config.collectors, publish, log.flush, stop, company=presence.look, health=health)
    except ValueError as error:
        raise Failure(str(error)) from None
    log.close()


def _called(config: Config) -> str:
    """Return the log's address as all agents that write into it write it."""
    if config.log.kafka:
        brokers = config.log_url.removeprefix("kafka://").split(",")
        return "kafka://" + ",".join(sorted(brokers))
    return str(config.log_settings.path.resolve())
