"""Compare the names and directions of ends in the store with the truth."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.truth.claims import Claim
from tests.truth.oracle import End
from tests.truth.report import Report
from tests.truth.stored import Key, Process, Row, Seen, words

STANDING_NS = 3_500_000_000  # seen by more than one scan of both hosts
LATE = 3  # windows that a busy agent may be behind
_ONE_NS = 20_000_000  # both ends of a connection begin within this time
Was = list[tuple[End, Claim | None]]


class Judge(NamedTuple):
    """Knows the owners of each end, all claims, and the service of each process in the store."""

    who: Mapping[Key, Was]
    claims: list[Claim]
    services: Mapping[Process, str]

    def judge(self, report: Report, row: Row) -> None:
        """Judge a row by the connections of its flow in its window."""
        was = [self._then(end) for end in row]
        for end, there in zip(row, was, strict=True):
            if end.key in self.who:
                self._place(report, end)
                self._direction(report, end, there)
                self._name(report, end, [claim for _, claim in there])
            else:
                self._name(report, end, [claim for claim in self.claims if claim.serves(end.key[1], end.key[2][1])])
        if row[0].process and row[1].process and all(was) and not self._talked(row, *was):
            report.wrong.append(f"{_at(row[0])}: {row[0].process[1]} and {row[1].process[1]} never talked")

    def credits(self, report: Report, rows: Iterable[Row]) -> None:
        """Find processes that are credited with more than they sent on a flow that several processes used."""
        credited: Counter[tuple[Key, Process]] = Counter()
        for row in rows:
            for end in row:
                if end.process:
                    credited[end.key, end.process] += end.sent
        for (key, process), sent in credited.items():
            was = self.who.get(key, [])
            most = sum(real.sent for real, claim in was if claim and claim.allows(process))
            if sent > most and len({claim.pids for _, claim in was if claim}) > 1:
                report.wrong.append(f"{words(key)}: {process[1]} is credited with {sent} bytes of {most}")

    def _then(self, end: Seen) -> Was:
        first, last = end.window - LATE * end.width, end.window + (1 + LATE) * end.width
        return [
            (real, claim)
            for real, claim in self.who.get(end.key, [])
            if real.began < last * 1_000_000 and real.ended >= first * 1_000_000
        ]

    def _place(self, report: Report, end: Seen) -> None:
        report.levels[end.level] += 1
        if end.host and end.host != end.key[1]:
            report.wrong.append(f"{_at(end)}: of host {end.host}")

    def _direction(self, report: Report, end: Seen, there: Was) -> None:
        if end.serves is not None and there and all(real.opener == end.serves for real, _ in there):
            report.turned.append(_at(end))

    def _name(self, report: Report, end: Seen, claims: list[Claim | None] | list[Claim]) -> None:
        """Check the name of an end. An end without an owner, as at a closed port, may name an earlier server."""
        known = [claim for claim in claims if claim]
        if end.process and not any(claim.allows(end.process) for claim in known):
            pids = sorted({pid for claim in known for pid in claim.pids}) or "nobody"
            found = f"{end.provenance} names {end.process[1]} ({end.service})"
            report.wrong.append(f"{_at(end)}: {found}, it was {pids}")
        elif end.service and not end.process:
            services = {self.services.get((claim.host, pid)) for claim in known for pid in claim.pids | claim.held}
            if end.service not in services:
                report.wrong.append(f"{_at(end)}: {end.provenance} names {end.service}, it was {services}")

    def _talked(self, row: Row, ones: Was, others: Was) -> bool:
        """Return whether the two processes of a row were at the ends of one connection."""
        one, other = row
        return any(
            abs(mine.began - theirs.began) < _ONE_NS
            and (claim is None or one.process is None or claim.allows(one.process))
            and (peer is None or other.process is None or peer.allows(other.process))
            for mine, claim in ones
            for theirs, peer in others
        )


def recall(report: Report, rows: Iterable[Row], truth: Mapping[Key, list[End]]) -> None:
    """Count the connections of which both processes are known; find the long ones that have an unknown end."""
    both, known = set(), set()
    for row in rows:
        both |= {end.key for end in row if row[0].process and row[1].process}
        known |= {end.key for end in row if end.level in {"process", "service", "tie"}}
    made = {key for key, alike in truth.items() if key[0] == "tcp" and alike[0].opener and alike[0].established}
    report.connections, report.named = len(made), len(made & both)
    for key, alike in truth.items():
        if key[0] == "tcp" and key not in known and any(end.ended - end.began > STANDING_NS for end in alike):
            report.unnamed.append(f"{words(key)}: only its host is known")


def _at(end: Seen) -> str:
    return f"{words(end.key)} window {end.window // 1000 % 1000} nth {end.nth}"
