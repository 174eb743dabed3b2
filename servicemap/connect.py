"""Open the log that the configuration names."""

from log.connect import connect
from log.protocol import Log, LogError
from schemas.private import Unsafe, private_folder
from servicemap.config import Config
from servicemap.options import Failure


def connect_log(config: Config, *, create: bool = True) -> Log:
    """Open the log; with `create`, make the data directory and the topics; Failure states the remedy."""
    try:
        if create and not config.log.url:
            private_folder(config.directory)
        return connect(config.log_settings, create=create)
    except (Unsafe, LogError) as error:
        raise Failure(str(error)) from None
    except OSError as error:
        raise Failure(f"cannot write to {config.directory} ({error.strerror}): give a directory with --data") from None
