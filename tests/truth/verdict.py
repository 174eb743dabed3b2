"""The store compared with what was: what is missing, what is too much, and who is named wrongly."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass, field

from tests.truth.claims import Claim
from tests.truth.lab import Play, Played
from tests.truth.oracle import End
from tests.truth.stored import Key, Row, Seen

MOST_LINES = 12


@dataclass
class Report:
    """What is wrong with one scenario, a line each, and how much of it is known."""

    flows: int = 0
    counts: list[str] = field(default_factory=list)
    bytes: list[str] = field(default_factory=list)
    turned: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    pairs: list[str] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)  # ends that the laboratory itself knows no owner of
    named: int = 0  # pairs of processes
    possible: int = 0
    levels: Counter[str] = field(default_factory=Counter)


def key_of(end: End) -> Key:
    """Return how the store calls an end."""
    return ("tcp", end.host, end.local, end.remote)


def compare(play: Play, played: Played, rows: Iterable[Row]) -> Report:
    """Compare one scenario."""
    report = Report()
    truth: dict[Key, list[End]] = defaultdict(list)
    for end in played.ends:
        if (end.remote if end.opener else end.local)[1] in play.ports:
            truth[key_of(end)].append(end)
    others = {key_of(end) for end in played.ends} - truth.keys()
    seen: dict[Key, list[Seen]] = defaultdict(list)
    mine = []
    for row in rows:
        if _belongs(row, truth.keys(), others, play.ports):
            mine.append(row)
            for one in row:
                if one.seen:
                    seen[one.key].append(one)
    report.flows = sum(end.opener for alike in truth.values() for end in alike)
    for key, alike in truth.items():
        _count(report, key, alike, seen.get(key, []))
    for key in seen.keys() - truth.keys():
        report.counts.append(f"{_words(key)}: nothing of it was on the wire")
    owners = play.owners()
    who = {key: list(zip(alike, owners.of(alike), strict=True)) for key, alike in truth.items()}
    report.unknown = [_words(key) for key, known in who.items() if any(claim is None for _, claim in known)]
    for row in mine:
        _judge(report, row, who)
    _recall(report, mine, truth)
    return report


def _belongs(row: Row, truth: Set[Key], others: Set[Key], ports: set[int]) -> bool:
    """Say whether a row is of this scenario; one that was not on the wire is, when it has one of its ports."""
    keys = {end.key for end in row}
    transport, _, *spots = row[0].key
    return bool(keys & truth) or (not keys & others and transport == "tcp" and any(port in ports for _, port in spots))


def _count(report: Report, key: Key, alike: list[End], seen: list[Seen]) -> None:
    if not seen:
        report.counts.append(f"{_words(key)}: {len(alike)} times, never seen")
    was = (len(alike), sum(end.over or not end.established for end in alike), sum(not e.established for e in alike))
    found = (sum(s.opened for s in seen), sum(s.closed for s in seen), sum(s.failed for s in seen))
    if seen and was != found:
        report.counts.append(f"{_words(key)}: opened, closed, failed {was}, stored {found}")
    sent, received = sum(end.sent for end in alike), sum(end.received for end in alike)
    told = (sum(s.sent for s in seen), sum(s.received for s in seen))
    if (sent, received) != told:
        reset = "/".join(sorted({end.reset or "fin" for end in alike}))
        report.bytes.append(f"{_words(key)} ({reset}): sent, received {(sent, received)}, stored {told}")


def _judge(report: Report, row: Row, who: dict[Key, list[tuple[End, Claim | None]]]) -> None:
    """Judge who is named in a row, by the connections of its flow that there were in its window."""
    at = f"window {row[0].window % 1_000_000 // 1000} nth {row[0].nth}"
    candidates = []
    for end in row:
        known = [(real, claim) for real, claim in who.get(end.key, []) if _within(end, real)]
        candidates.append(known)
        if end.key not in who:
            continue
        level = (
            "process"
            if end.process
            else "service"
            if end.service
            else "tie"
            if end.tied
            else "host"
            if end.host
            else "address"
        )
        report.levels[level] += 1
        if not end.host:
            report.unplaced.append(f"{_words(end.key)} {at}: an address")
        elif end.host != end.key[1]:
            report.wrong.append(f"{_words(end.key)} {at}: of host {end.host}")
        if end.serves is not None and known and all(real.opener == end.serves for real, _ in known):
            report.turned.append(f"{_words(end.key)} {at}")
        if end.process and not any(_names(claim, end) for _, claim in known):
            pids = sorted({pid for _, claim in known if claim for pid in claim.pids})
            report.wrong.append(
                f"{_words(end.key)} {at}: {end.provenance} says {end.process[1]} ({end.service}), it was {pids}"
            )
    one, other = row
    if one.process and other.process and candidates[0] and candidates[1]:
        report.named += 1
        reals = zip(candidates[0], candidates[1], strict=False)
        if not any(_names(mine, one) and _names(theirs, other) for (_, mine), (_, theirs) in reals):
            report.pairs.append(f"{_words(one.key)} {at}: {one.process[1]} and {other.process[1]} never talked")


def _level(end: Seen) -> str:
    if end.process:
        return "process"
    return "service" if end.service else "tie" if end.tied else "host" if end.host else "address"


def _within(end: Seen, real: End) -> bool:
    slack = end.width * 1_000_000
    return real.began < (end.window + end.width) * 1_000_000 + slack and real.ended + slack >= end.window * 1_000_000


def _names(claim: Claim | None, end: Seen) -> bool:
    return claim is None or (
        end.process is not None and end.process[0] == claim.host and end.process[1] in claim.pids | claim.held
    )


def _recall(report: Report, mine: list[Row], truth: dict[Key, list[End]]) -> None:
    flows = {key for key, alike in truth.items() if alike[0].opener and alike[0].established}
    report.possible = len(flows)
    both = {end.key for row in mine for end in row if row[0].process and row[1].process}
    report.levels["pairs"] = len(flows & both)


def _words(key: Key) -> str:
    _, host, local, remote = key
    return f"{host} {local[0]}:{local[1]} → {remote[0]}:{remote[1]}"


def lines(found: list[str]) -> str:
    """Return the first findings, for a failure."""
    more = f"\n… {len(found)} in all" if len(found) > MOST_LINES else ""
    return "\n" + "\n".join(found[:MOST_LINES]) + more
