"""The live view's page in Chromium, on a real store: a thousand processes, five thousand edges, busy for an hour.

It opens as cards of groups. Moving is measured with all nodes drawn, which is the most that somebody can ask for.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.busy_store import EDGES, NODES, SCENE, fill
from benchmarks.embedded import embedded_store
from benchmarks.result import Goal, Result

RUNS = 5
# When so many cards are painted, when so many lines are, and how long the server took to report them, ms.
_PAINTED = """async ([nodes, edges]) => {
    const { dataset } = document.getElementById("graph");
    const until = there => new Promise(done => {
        const look = () => there() && (watch.disconnect(), done(performance.now()));
        const watch = new MutationObserver(look);
        watch.observe(document.getElementById("graph"), { attributes: true });
        look();
    });
    const cards = await until(() => Number(dataset.nodes) >= nodes);
    const all = await until(() => Number(dataset.edges) > edges);
    const asked = performance.getEntriesByType("resource").find(entry => entry.name.includes("/api/map"));
    return [cards, all, asked.responseEnd - asked.startTime];
}"""
_COUNT = """() => {
    const times = globalThis.frames_drawn = [];
    const next = time => times.push(time) && globalThis.frames_drawn === times && requestAnimationFrame(next);
    requestAnimationFrame(next);
}"""
_COUNTED = """() => {
    const times = globalThis.frames_drawn;
    globalThis.frames_drawn = null;
    return (times.length - 1) * 1000 / (times.at(-1) - times[0]);
}"""
MOVED_S, EVENT_S = 4, 0.008  # a mouse reports its place 125 times a second


@contextmanager
def _view(folder: Path) -> Iterator[str]:
    """Run a store that holds the map, and the view of it; yields its address."""
    view = ("servicemap", "view", "--data", str(folder), "--port", "0")
    with embedded_store(folder / "store") as running:
        fill(running.address)
        with subprocess.Popen([sys.executable, "-m", *view], stderr=subprocess.PIPE, text=True) as viewing:
            assert viewing.stderr is not None
            try:
                yield viewing.stderr.readline().split()[-1]
            finally:
                viewing.terminate()


@contextmanager
def _opened(browser: Browser, url: str) -> Iterator[tuple[Page, list[float]]]:
    """Open the map in a browser that knows nothing yet; yields the page, and ms to its cards, edges and the answer."""
    with browser.new_context(viewport={"width": 1440, "height": 860}) as context, context.new_page() as page:
        _rest()
        page.goto(f"{url}#level=process", wait_until="commit")
        page.wait_for_load_state("domcontentloaded")
        yield page, page.evaluate(_PAINTED, [1, 0])


def _unfold(page: Page) -> None:
    page.evaluate("servicemap.state.set({ group: 'none' })")
    page.evaluate(_PAINTED, [NODES, EDGES * 0.98])  # some talk to themselves


def _rest() -> None:
    """Return once Chromium does nothing: with a new window it loads pages of its own, for a second on two cores."""
    browser = [each for each in psutil.Process().children(recursive=True) if "chrom" in each.name()]
    while any([each.cpu_percent(0.1) > 5 for each in browser if each.is_running()]):  # noqa: C419
        pass


def _frames(page: Page, move: Callable[[Page, int], None]) -> float:
    """Frames a second that the page draws while somebody moves its map by hand."""
    _rest()
    page.mouse.move(500, 120)  # no card is there
    if move is _pan:
        page.mouse.down()
    page.evaluate(_COUNT)
    end = time.monotonic() + MOVED_S
    for nth in count():
        if time.monotonic() > end:
            break
        move(page, nth)
        time.sleep(EVENT_S)
    drawn = float(page.evaluate(_COUNTED))
    page.mouse.up()
    return drawn


def _pan(page: Page, nth: int) -> None:
    page.mouse.move(500 + 9 * abs(nth % 60 - 30), 120 + 3 * abs(nth % 60 - 30))


def _zoom(page: Page, nth: int) -> None:
    page.mouse.wheel(0, -15 if nth % 60 < 30 else 15)


def run() -> list[Result]:
    """Open the map RUNS times and move it; the first opening, which starts the browser's processes, is not counted."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    first, whole, answered, panned, zoomed = (list[float]() for _ in range(5))
    with (
        tempfile.TemporaryDirectory(prefix="view-page-") as name,
        _view(Path(name)) as url,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for nth in range(RUNS + 1):
            with _opened(browser, url) as (page, (cards, edges, answer)):
                if nth:
                    first.append(cards / 1000)
                    whole.append(edges / 1000)
                    answered.append(answer / 1000)
                    _unfold(page)
                    panned.append(_frames(page, _pan))
                    zoomed.append(_frames(page, _zoom))
        browser.close()
    return [
        Result(
            name=f"view: first picture of {SCENE}",
            value=statistics.median(first),
            unit="s",
            against="until the store has answered",
            against_value=statistics.median(answered),
            goal=Goal(op="<=", number=2, of="value"),
            runs=first,
        ),
        Result(
            name=f"view: with its lines, {SCENE}",
            value=statistics.median(whole),
            unit="s",
            against="first picture",
            against_value=statistics.median(first),
            runs=whole,
        ),
        _smooth("panning", panned),
        _smooth("zooming", zoomed),
    ]


def _smooth(what: str, runs: list[float]) -> Result:
    goal = Goal(op=">=", number=30, of="value")
    return Result(name=f"view: {what} {SCENE}", value=statistics.median(runs), unit="frames/s", goal=goal, runs=runs)
