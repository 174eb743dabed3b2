"""One store and one view of it for all tests of the view."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from schemas.times import MINUTE_MS
from tests.view.browsing import chromium
from tests.view.serving import GONE, Past, Still, View, remembered, viewing


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The town with a past. Tests do not change it."""
    with remembered(tmp_path_factory.mktemp("past")) as found:
        found.store_minute(found.now - MINUTE_MS, GONE)
        found.store_minute(found.now - 45 * MINUTE_MS)
        found.store_requests(found.now)
        yield found


@pytest.fixture(scope="session")
def view(past: Past) -> Iterator[View]:
    """The view of the town with a past."""
    with viewing(past.data) as running:
        yield Still(running.url, running.pid)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one module: no other event loop may run while it is open."""
    with chromium() as found:
        yield found
