"""One store and one view of it for all tests of the view."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.view.browsing import chromium
from tests.view.serving import GONE, MINUTE_MS, Past, Still, View, remembered, viewing


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The town with a past; what it holds is not changed."""
    with remembered(tmp_path_factory.mktemp("past")) as found:
        found.tell(found.now - MINUTE_MS, GONE)
        found.tell(found.now - 45 * MINUTE_MS)
        found.answer(found.now)
        yield found


@pytest.fixture(scope="session")
def view(past: Past) -> Iterator[View]:
    """The view of the town with a past."""
    with viewing(past.data) as running:
        yield Still(running.url, running.pid)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; no longer than a module, for no event loop may be run beside it."""
    with chromium() as found:
        yield found
