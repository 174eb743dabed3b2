"""Everything at once on `servicemap up`: load, nuisances, kills; then the store is compared with an exact oracle.

python -m tests.soak [--minutes 60] [--kills 100]

Half of the time nothing is killed, and what the parts use must stay level. Then work, sink, view and store are killed
at random. Last, the collector is: standing connections must lose no byte.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from log.open import open_log
from tests.e2e.running import run, until, up
from tests.soak.meter import Meter
from tests.soak.nuisances import Nuisances
from tests.soak.oracle import difference, done, serving, stored, talking

KILLED = ("work", "sink", "view", "store")
ALL_PARTS = {"collect", *KILLED}
LAG_S, GROWTH, FILES = 10.0, 1.25, 12
LOOK_S = 5.0
STUCK_S = 120.0


class Soak:
    """One run, and what was wrong in it."""

    def __init__(self, folder: Path, minutes: float, kills: int, seed: int) -> None:
        self._folder = folder
        self._seconds = minutes * 60
        self._kills = kills
        self._chance = random.Random(seed)
        self.wrong: list[str] = []

    def run(self) -> None:
        """Run all of it, and report what is found as it is."""
        with serving() as port, serving() as other, up(self._folder / "data", "--window", "1s") as running:
            self._running = running
            running.until("SELECT 1 FROM edges LIMIT 1")
            _print("up; the load begins")
            exact, standing = self._folder / "exact.jsonl", self._folder / "standing.jsonl"
            with Nuisances(running, self._chance.randrange(1 << 30)) as nuisances:
                with talking(port, exact, short_every_s=0.06, standing=30):
                    self._undisturbed()
                    self._killing()
                self._compare("connections, with work, sink, view and store killed", port, exact)
                with talking(other, standing, short_every_s=0, standing=30):
                    self._without_collector(other)
                self._compare("standing connections, with the collector killed", other, standing)
                self._dead_letters(nuisances)
                _print(f"nuisances: {dict(nuisances.done)}")
            self._check(running.stop() == 0, "`up` did not end well")

    def _undisturbed(self) -> None:
        meter, printed = Meter(self._running), self._output()
        self._for(self._seconds * 0.5, meter.look)
        print("\n".join(meter.lines()), flush=True)
        for name, (before, after) in meter.quarters().items():
            grown = after.resident > before.resident * GROWTH + (8 << 20)
            self._check(not grown, f"{name} grew from {before.resident >> 20} to {after.resident >> 20} MiB")
            self._check(after.descriptors <= before.descriptors + FILES, f"{name} has more and more files open")
        late = sorted(meter.lags)[int(len(meter.lags) * 0.99) :]
        self._check(bool(late) and late[0] <= LAG_S, f"the map was late: {late[:1]} s")
        self._check(self._running.parts().keys() >= ALL_PARTS, f"not all parts run: {self._running.parts()}")
        restarts = [
            line for line in self._output()[len(printed) :] if "starting it again" in line or "trying again" in line
        ]
        self._check(not restarts, f"parts died by themselves: {restarts}")

    def _killing(self) -> None:
        pause = self._seconds * 0.35 / max(self._kills, 1)
        for number in range(self._kills):
            self._kill(self._chance.choice(KILLED))
            time.sleep(pause * self._chance.uniform(0.2, 1.0))
            if number % 10 == 9:
                _print(f"{number + 1} killed")

    def _without_collector(self, server: int) -> None:
        self._running.until(_OPEN.format(server=server), lambda rows: rows == [(30,)], 90)
        pause = self._seconds * 0.1 / 5
        began = time.time()
        for _ in range(5):
            time.sleep(pause * self._chance.uniform(0.2, 1.0))
            self._kill("collect")
        _print("the collector was killed 5 times")
        seen = _SEEN.format(server=server, after=time.time())
        self._running.until(seen, lambda rows: rows == [(30,)], 90)
        gaps = self._running.sql(_GAPS.format(after=began))
        for _, detail in gaps:
            _print(f"gap: {detail}")
        starts = self._running.sql(_STARTS.format(after=began))[0][0]
        self._check(0 < starts == len(gaps), f"the agent was started {starts} times, and {len(gaps)} gaps are reported")

    def _kill(self, name: str) -> None:
        pid = until(lambda: self._running.parts().get(name), bool, 90, f"{name} to run")
        os.kill(pid, signal.SIGKILL)
        until(lambda: self._running.parts().get(name), lambda now: now not in {None, pid}, 90, f"{name} to start again")

    def _compare(self, what: str, port: int, file: Path) -> None:
        """Compare once the parts have caught up: for as long as they get on."""
        was = done(file)
        found, since = difference(was, [{}, {}]), time.monotonic()
        while not found.none and time.monotonic() < since + STUCK_S:
            time.sleep(2)
            before, found = found, difference(was, stored(self._running, port))
            if found != before:
                since = time.monotonic()
        _print(f"{what}: {found}")
        self._check(found.none, f"{what}: {found}")

    def _dead_letters(self, nuisances: Nuisances) -> None:
        """Count the records in the dead letters: one may be there twice, for a reader that was killed reads again."""
        with closing(open_log(self._running.data / "log.sqlite")) as log:
            letters = [
                json.loads(record.value or b"{}")
                for record in log.read("dead-letters", 0, *log.bounds("dead-letters", 0))
            ]
        records = {(letter["topic"], letter["partition"], letter["offset"]) for letter in letters}
        _print(f"dead letters: {len(letters)} of {len(records)} records; {nuisances.spoiled} were spoiled here")
        self._check(len(records) <= nuisances.spoiled, "there are dead letters that were not made here")
        doctor = run("doctor", "--data", str(self._running.data), "--json")
        checks = [check for check in json.loads(doctor.stdout)["checks"] if check["state"] != "ok"]
        _print(f"doctor exits with {doctor.returncode}: {checks}")

    def _for(self, seconds: float, look: Callable[[], None]) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(LOOK_S, max(0.0, end - time.monotonic())))
            look()

    def _output(self) -> list[str]:
        return self._running.data.with_suffix(".log").read_text(errors="replace").splitlines()

    def _check(self, good: bool, otherwise: str) -> None:
        if not good:
            _print(f"WRONG: {otherwise}")
            self.wrong.append(otherwise)


_OPEN = """
SELECT uniqExact(if(a_port = {server}, b_port, a_port)) FROM edges FINAL WHERE a_port = {server} OR b_port = {server}
"""
_SEEN = """
SELECT uniqExact(if(a_port = {server}, b_port, a_port)) FROM edges FINAL
WHERE (a_port = {server} OR b_port = {server}) AND window > toDateTime64({after}, 3)
"""
_GAPS = """
SELECT time, detail FROM events FINAL
WHERE kind IN ('gap', 'host_silent') AND time > toDateTime64({after}, 3) ORDER BY time
"""
_STARTS = "SELECT count() FROM events FINAL WHERE kind = 'agent_started' AND time > toDateTime64({after}, 3)"


def _print(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def main(arguments: list[str]) -> int:
    """Return 0 when nothing was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", type=Path, help="folder for data and logs, kept")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        folder = asked.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        _print(f"seed {asked.seed}, {asked.minutes} min, {asked.kills} kills, in {folder}")
        soak = Soak(folder, asked.minutes, asked.kills, asked.seed)
        soak.run()
    print(f"{len(soak.wrong)} wrong")
    return int(bool(soak.wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
