"""The store compared with what was: what is missing, what is too much, and who is named wrongly."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
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
    edges: list[str] = field(default_factory=list)
    bytes: list[str] = field(default_factory=list)
    turned: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    pairs: list[str] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)  # ends that the laboratory itself knows no owner of
    named: int = 0  # pairs of processes
    possible: int = 0
    levels: Counter[str] = field(default_factory=Counter)


Who = dict[Key, list[tuple[End, Claim | None]]]


def key_of(end: End) -> Key:
    """Return how the store calls an end."""
    return (end.transport, end.host, end.local, end.remote)


def compare(play: Play, played: Played, rows: Iterable[Row], edges: Mapping[int, int]) -> Report:
    """Compare one scenario, with all rows and with the connections that people see on the edges to each port."""
    report = Report()
    truth: dict[Key, list[End]] = defaultdict(list)
    owners = play.owners()
    for end in played.ends:
        port = (end.remote if end.opener else end.local)[1]
        if port in play.ports and (
            end.transport == "tcp" or end.opener or owners.of([end])[0]
        ):  # else it came to nobody
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
    connections = [end for alike in truth.values() for end in alike if end.opener or _from_outside(end, played)]
    report.flows = len(connections)
    was = Counter(_server_port(end) for end in connections if end.transport == "tcp")
    for port in was:
        if was[port] != edges.get(port, 0):
            report.edges.append(f"edges to port {port}: {was[port]} connections, {edges.get(port, 0)} on the map")
    for key, alike in truth.items():
        if key[0] == "tcp":
            _count(report, key, alike, seen.get(key, []))
    for key in {key for key in seen.keys() - truth.keys() if key[0] == "tcp"}:
        report.counts.append(f"{_words(key)}: nothing of it was on the wire")
    for key in truth.keys() - seen.keys():
        if key[0] == "udp" and truth[key][0].opener and owners.spoke(truth[key][0]):
            report.counts.append(f"{_words(key)}: never seen")
    who = {key: list(zip(alike, owners.of(alike), strict=True)) for key, alike in truth.items()}
    report.unknown = [_words(key) for key, known in who.items() if any(claim is None for _, claim in known)]
    for row in mine:
        _judge(report, row, who, play.claims)
    _recall(report, mine, truth)
    return report


def _server_port(end: End) -> int:
    return (end.remote if end.opener else end.local)[1]


def _from_outside(end: End, played: Played) -> bool:
    return end.remote[0] in (played.outside.address, played.outside.address6)


def _belongs(row: Row, truth: Set[Key], others: Set[Key], ports: set[int]) -> bool:
    """Say whether a row is of this scenario; one that was not on the wire is, when it has one of its ports."""
    keys = {end.key for end in row}
    *_, one, other = row[0].key
    return bool(keys & truth) or (not keys & others and bool({one[1], other[1]} & ports))


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


def _judge(report: Report, row: Row, who: Who, before: list[Claim]) -> None:
    """Judge who is named in a row, by the connections of its flow that there were in its window.

    Where nobody was, as behind a closed port, it may be one who had served there before.
    """
    at = f"window {row[0].window % 1_000_000 // 1000} nth {row[0].nth}"
    candidates = []
    for end in row:
        known = [(real, claim) for real, claim in who.get(end.key, []) if _within(end, real)]
        candidates.append(known)
        if end.key not in who:
            if end.process and not any(
                _names(claim, end) for claim in before if claim.serves(end.key[1], end.key[2][1])
            ):
                report.wrong.append(f"{_words(end.key)} {at}: {end.provenance} says {end.process[1]}, nobody was there")
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
    transport, host, local, remote = key
    return f"{transport} {host} {local[0]}:{local[1]} → {remote[0]}:{remote[1]}"


def lines(found: list[str]) -> str:
    """Return the first findings, for a failure."""
    more = f"\n… {len(found)} in all" if len(found) > MOST_LINES else ""
    return "\n" + "\n".join(found[:MOST_LINES]) + more
