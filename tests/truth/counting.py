"""Connections and bytes: the store compared with the packets, end by end."""

from collections import Counter
from collections.abc import Mapping
from typing import TypeVar

from tests.truth.oracle import End
from tests.truth.report import Report
from tests.truth.stored import Key, Seen, words

Of = TypeVar("Of")
ByKey = Mapping[Key, list[Of]]


def count(report: Report, truth: ByKey[End], seen: ByKey[Seen], lost: Mapping[str, int]) -> None:
    """Compare the counters of each end over all windows. Errors of hosts whose agents report losses are excused."""
    for key, alike in truth.items():
        if key[0] == "tcp":
            of_one = Report()
            _count(of_one, key, alike, seen.get(key, []))
            if lost.get(key[1]) and (of_one.counts or of_one.bytes):
                report.excused[key[1]] += 1
            else:
                report.counts += of_one.counts
                report.bytes += of_one.bytes
    for key in seen.keys() - truth.keys():
        if key[0] == "tcp":  # a UDP socket may have a peer and never send
            report.counts.append(f"{words(key)}: nothing of it was on the wire")


def _count(report: Report, key: Key, alike: list[End], seen: list[Seen]) -> None:
    if not seen:
        report.counts.append(f"{words(key)}: {len(alike)} times, never seen")
    was = (len(alike), sum(end.over or not end.established for end in alike), sum(not e.established for e in alike))
    counted = (sum(one.opened for one in seen), sum(one.closed for one in seen), sum(one.failed for one in seen))
    if seen and was != counted:
        report.counts.append(f"{words(key)}: opened, closed, failed {was}, stored {counted}")
    sent, received = sum(end.sent for end in alike), sum(end.received for end in alike)
    stored = (sum(one.sent for one in seen), sum(one.received for one in seen))
    if (sent, received) != stored:
        reset = "/".join(sorted({end.reset or "fin" for end in alike}))
        report.bytes.append(f"{words(key)} ({reset}): sent, received {(sent, received)}, stored {stored}")


def count_edges(report: Report, connections: list[End], edges: Mapping[int, int]) -> None:
    """Compare the connections to each port with those that people see on its edges."""
    was = Counter(end.server_port for end in connections if end.transport == "tcp")
    for port, count in was.items():
        shown = edges.get(port, 0)
        report.missed += max(count - shown, 0)
        if shown > count:
            report.edges.append(f"edges to port {port}: {count} connections, {shown} on the map")
