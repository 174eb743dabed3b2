from collections.abc import Iterator

import pytest

from tests.store.conftest import Store, _start
from tests.view.serving import View, remembered, viewing


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of the attacks' own, with a table that is written to."""
    running = _start(tmp_path_factory.mktemp("attacked") / "data")
    with running.writer() as writer:
        writer.execute("CREATE TABLE default.kept (n UInt64) ENGINE = MergeTree ORDER BY n")
    yield running
    running.process.terminate()
    running.process.wait(30)


@pytest.fixture(scope="session")
def view(tmp_path_factory: pytest.TempPathFactory) -> Iterator[View]:
    """A view of a small town."""
    with remembered(tmp_path_factory.mktemp("seen")) as past, viewing(past.data) as running:
        yield running
