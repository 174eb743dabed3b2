"""One scenario: the store compared with the truth."""

from collections import defaultdict
from collections.abc import Set

from tests.truth.claims import Owners
from tests.truth.counting import count, count_edges
from tests.truth.judging import Judge, recall
from tests.truth.lab import Play, Played
from tests.truth.oracle import End
from tests.truth.report import Report
from tests.truth.stored import Key, Row, Seen, Stored, words


def compare(play: Play, played: Played, stored: Stored) -> Report:
    """Compare one scenario with its rows, which have one of its ports."""
    report = Report()
    owners = play.owners()
    truth = _truth(play, played, owners)
    rows = _rows(stored.rows, truth.keys(), {key_of(end) for end in played.ends} - truth.keys(), play.ports)
    seen: dict[Key, list[Seen]] = defaultdict(list)
    for row in rows:
        for one in row:
            if one.seen:
                seen[one.key].append(one)
    outside = {played.outside.address, played.outside.address6}
    connections = [end for alike in truth.values() for end in alike if end.opener or end.remote[0] in outside]
    report.flows = len(connections)
    count(report, truth, seen, stored.lost)
    count_edges(report, connections, stored.edges)
    for key, alike in truth.items():
        if key[0] == "udp" and key not in seen and alike[0].opener and owners.claimed(alike[0]):
            report.counts.append(f"{words(key)}: never seen")
    who = {key: list(zip(alike, owners.of(alike), strict=True)) for key, alike in truth.items()}
    report.unknown = [words(key) for key, known in who.items() if any(claim is None for _, claim in known)]
    judge = Judge(who, play.claims, stored.services)
    for row in rows:
        judge.judge(report, row)
    judge.credits(report, rows)
    recall(report, rows, truth)
    return report


def key_of(end: End) -> Key:
    """Return the key of an end in the store."""
    return (end.transport, end.host, end.local, end.remote)


def _truth(play: Play, played: Played, owners: Owners) -> dict[Key, list[End]]:
    truth: dict[Key, list[End]] = defaultdict(list)
    for end in played.ends:
        to_nobody = end.transport == "udp" and not end.opener and owners.of([end]) == [None]
        if end.server_port in play.ports and not to_nobody:
            truth[key_of(end)].append(end)
    return truth


def _rows(rows: list[Row], truth: Set[Key], others: Set[Key], ports: set[int]) -> list[Row]:
    mine = []
    for row in rows:
        keys = {end.key for end in row}
        *_, one, other = row[0].key
        if keys & truth or (not keys & others and {one[1], other[1]} & ports):
            mine.append(row)
    return mine
