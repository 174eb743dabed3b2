"""What the agents report about themselves: collectors that fail, what they dropped, and ids that several have."""

from collections.abc import Iterator

from collectors.discovered import FACTS_ONLY, GOOD_RUN
from collectors.discovered import WHAT as OWN_FACTS
from log.protocol import Log
from schemas.codec import BadRecord, decode
from schemas.lives import Life, Lives
from schemas.raw import Heartbeat
from schemas.topics import HEARTBEATS
from servicemap.check import Check

LATEST_MS = 120_000
MOST_RECORDS = 5_000  # of a partition: two minutes of 200 hosts
DROPPED = ("dropped", "skipped", "overruns", "left_out")  # in the names of counters of what is lost


def agent_checks(log: Log, now: int) -> Iterator[Check]:
    """Yield what is wrong with agents by their latest heartbeats; `now` in ms. Hosts silent lately are left out."""
    for host_id, beats in sorted(_latest(log, now).items()):
        lives = Lives()
        first: dict[tuple[str, int], Heartbeat] = {}
        last: dict[tuple[str, int], Heartbeat] = {}
        for beat in beats:
            lives.take(beat)
            first.setdefault((beat.boot_id, beat.run), beat)
            last[beat.boot_id, beat.run] = beat
        for run in sorted(lives.living() & last.keys()):
            yield from _failures(last[run])
            yield from _losses(first[run], last[run])
            yield from _own_facts(last[run])
        for elder, younger in lives.shared():
            yield shared(host_id, elder, younger, last[younger.run].beside)


def shared(host_id: str, elder: Life, younger: Life, pid: int) -> Check:
    """Describe two agents that report under one host id, and the remedy."""
    both = f"{elder.described()} and {younger.described()}"
    if elder.spot == younger.spot:
        found = f"two agents of one host report: {both}; the reports of the second one are set aside"
        fix = f"stop one of them{f': the first has pid {pid} there' if pid > 1 else ''}"
        return Check(f"host id {host_id}", "missing", found, "one agent per host", fix)
    found = f"two hosts report under it: {both}; their facts are kept apart while both run"
    fix = "servicemap up --host-id NAME on one of them (a copied machine: give it a machine id of its own)"
    return Check(f"host id {host_id}", "broken", found, "an id that no other host has", fix)


def _failures(beat: Heartbeat) -> Iterator[Check]:
    name = beat.hostname or beat.host_id
    for topic, reason in sorted(beat.failed.items()):
        found = f"its collector fails, so nothing new is known about them: {reason}"
        fix = f"servicemap doctor on {name}, and the log of its agent"
        yield Check(f"{topic} of {name}", "broken", found, "a collector that works", fix)


def _losses(first: Heartbeat, last: Heartbeat) -> Iterator[Check]:
    """Yield what an agent has dropped lately."""
    grown = {name: count - first.counters.get(name, 0) for name, count in sorted(last.counters.items())}
    lost = [f"{name} {count}" for name, count in grown.items() if count > 0 and any(word in name for word in DROPPED)]
    if lost:
        name = last.hostname or last.host_id
        found = f"it lost something in the last two minutes: {', '.join(lost)}"
        yield Check(
            f"agent of {name}",
            "missing",
            found,
            "a log that takes every window, and enough CPU time",
            f"the log of the agent on {name}",
        )


def _own_facts(beat: Heartbeat) -> Iterator[Check]:
    """Yield how the operator's programs have run, which only the agent knows, if runs failed or items were refused."""
    ran = (f"{GOOD_RUN}: ", f"{FACTS_ONLY}: ")
    wrong = {
        what: needs for what, needs in beat.missing.items() if what.startswith(OWN_FACTS) and needs.startswith(ran)
    }
    failed, refused = (beat.counters.get(f"discoveries_{what}", 0) for what in ("failed", "refused"))
    name = beat.hostname or beat.host_id
    title = f"{OWN_FACTS} on {name}"
    found = f"since the agent started, {failed} runs failed and {refused} items were not facts"
    if wrong:
        reasons = (
            f"{what.removeprefix(f'{OWN_FACTS}: ')}: {needs.partition(': ')[2]}" for what, needs in wrong.items()
        )
        fix = f"run the program on {name} as its user (sudo -u nobody FILE): docs/howto/facts-of-your-own.md"
        yield Check(
            title, "missing", f"{found}; {'; '.join(reasons)}", "programs that succeed and print only facts", fix
        )
    elif failed or refused:
        yield Check(title, "ok", f"{found}; the last run of each program was good")


def _latest(log: Log, now: int) -> dict[str, list[Heartbeat]]:
    """Return the heartbeats of the last minutes by host id, in the order of the log."""
    beats: dict[str, list[Heartbeat]] = {}
    partitions = next((topic.partitions for topic in log.topics() if topic.name == HEARTBEATS.name), 0)
    for partition in range(partitions):
        _, end = log.bounds(HEARTBEATS.name, partition)
        start = max(log.offset_at(HEARTBEATS.name, partition, now - LATEST_MS), end - MOST_RECORDS)
        for record in log.read(HEARTBEATS.name, partition, start, end):
            try:
                beat: Heartbeat = decode(HEARTBEATS.name, record.value)
            except BadRecord:
                continue
            beats.setdefault(beat.host_id, []).append(beat)
    return beats
