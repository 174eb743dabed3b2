from collections.abc import Iterator

import pytest

from tests.demo.shop import Shop, shop
from tests.e2e.running import Up, up


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A map that is starting, and the demo beside it."""
    with up(tmp_path_factory.mktemp("demo"), "--demo", "--window", "1s", "--view-port", "0") as running:
        yield running


@pytest.fixture(scope="session")
def slow_shop(demo: Up, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose store is slow all the time; it starts, and is tested, while the map still starts."""
    with shop(tmp_path_factory.mktemp("slow") / "shop", "--slow-for", "120") as running:
        yield running
