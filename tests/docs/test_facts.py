"""Numbers and names that a page has from the code: they stand twice, and are compared."""

import json
import re
from pathlib import Path

import pytest
import yaml

from collectors import conversations, discover_folder, discover_run, discover_start, discovered, protocol_traffic
from collectors.allowance import LEAST_SHARE, MOST_SHARE
from collectors.block_ring import LEAST_BYTES
from collectors.counts import PATIENCE_NS
from collectors.http import RINGS
from collectors.http_pairs import MOST_FLOWS
from collectors.protocol_filter import FOLLOWED, MOST_PORTS
from collectors.protocol_traffic import LONGEST_S
from collectors.settings import Settings
from dashboards.alerts.rules import EVERY_MINUTE
from schemas import discovered as printed
from schemas.codec import MAX_AHEAD_MS, MAX_BEHIND_MS
from schemas.times import DAY_MS, HOUR_MS
from schemas.topics import ALL as TOPICS
from schemas.topics import CONNECTIONS, EDGES, PROCESSES, RAW
from servicemap import __version__
from servicemap.extras import packages
from servicemap.listening import VIEW_PORT
from servicemap.options import NOTHING_MATCHES
from servicemap.part_checks import GiB
from servicemap.replay.reading import AFTER_MS, GRACE_MS
from sinks.embedded.ports import USUAL
from sinks.embedded.server import Options
from sinks.reconcile import ALL
from streams.rewind import STRETCH_MS
from tests.docs.pages import ROOT

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
HOWTO, DOCS = ROOT / "docs" / "howto", ROOT / "docs"
SIZING, FAQ = DOCS / "explanation" / "sizing.md", DOCS / "explanation" / "faq.md"
AGENT = Settings()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CAPABILITIES = COMPOSE["services"]["agent"]["cap_add"]
BOUNDED = [topic for topic in TOPICS if not topic.compacted]
KEPT = {table.name: table.kept.days for table in ALL if table.kept}
DASHBOARDS = list((ROOT / "dashboards" / "grafana" / "golden").glob("*.json"))


def minutes(ms: float) -> int:
    return round(ms / 60_000)


FACTS = [
    (HOWTO / "docker-compose.md", f"of root's privileges it has {WORDS[len(CAPABILITIES)]}"),
    (ROOT / "deploy" / "servicemap-agent.service", f"of root's privileges it has {WORDS[len(CAPABILITIES)]}"),
    (ROOT / "docker-compose.yml", f"of root's privileges it has these {WORDS[len(CAPABILITIES)]}"),
    (HOWTO / "many-machines.md", f"gives an agent without an account of its own these {WORDS[len(CAPABILITIES)]}"),
    (
        HOWTO / "many-machines.md",
        f"to {AGENT.spool_windows} windows (an hour) or {AGENT.spool_bytes >> 20} MiB wait",
    ),
    (HOWTO / "many-machines.md", f"with {WORDS[PROCESSES.partitions]} partitions each"),
    (HOWTO / "many-machines.md", f"{PROCESSES.retention_ms // DAY_MS} days raw, {EDGES.retention_ms // DAY_MS} day"),
    (HOWTO / "many-machines.md", f"began more than {MAX_BEHIND_MS // DAY_MS} days before, is refused"),
    (HOWTO / "many-machines.md", f"read {WORDS[minutes(STRETCH_MS)]} minutes again"),
    (HOWTO / "troubleshoot.md", f"clock is more than {MAX_BEHIND_MS // DAY_MS} days behind"),
    (HOWTO / "troubleshoot.md", f"Raw facts are kept for {PROCESSES.retention_ms // DAY_MS} days"),
    (HOWTO / "replay.md", f"about {WORDS[minutes(STRETCH_MS + GRACE_MS)]} minutes before it"),
    (HOWTO / "replay.md", f"and {minutes(AFTER_MS)} minutes after it"),
    (
        HOWTO / "http-signals.md",
        f"Rings take {sum(RINGS[:2]) >> 20} MiB, and up to {sum(RINGS) / 2**20} with bridges",
    ),
    (HOWTO / "http-signals.md", f"More than {WORDS[len(RINGS)]} network devices"),
    (HOWTO / "http-signals.md", f"takes more than {MOST_SHARE:.0%} of a core".replace("%", " %")),
    (HOWTO / "http-signals.md", f"more than {LEAST_SHARE:.0%} while".replace("%", " %")),
    (HOWTO / "http-signals.md", f"more than {MOST_FLOWS:,} connections in a window"),
    (HOWTO / "http-signals.md", f"or none came for {PATIENCE_NS // 60_000_000_000} minutes"),
    (HOWTO / "http-signals.md", f"kept for {KEPT['requests_1m']} days"),
    (HOWTO / "http-signals.md", f"for {KEPT['requests_1h']}; the windows themselves for {KEPT['requests']}"),
    (HOWTO / "protocols.md", f"as far as {FOLLOWED >> 10} KiB of a segment"),
    (HOWTO / "protocols.md", f"rings of {LEAST_BYTES >> 10} KiB for each device"),
    (HOWTO / "protocols.md", f"take {protocol_traffic.RINGS[0] >> 20} MiB each on loopback"),
    (HOWTO / "protocols.md", f"at most {LONGEST_S * 1000:.0f} ms of CPU"),
    (HOWTO / "protocols.md", f"(more than {conversations.MOST:,} connections,"),
    (HOWTO / "protocols.md", f"more than {conversations.MOST_BYTES >> 20} MiB of requests"),
    (HOWTO / "protocols.md", f"more than {MOST_PORTS} ports"),
    (HOWTO / "facts-of-your-own.md", f"every {AGENT.discover_seconds // 60} minutes (`collectors.discover_seconds`)"),
    (HOWTO / "facts-of-your-own.md", f"for {AGENT.discover_timeout_seconds} seconds at the most"),
    (HOWTO / "facts-of-your-own.md", f"removed programs every {discovered.LOOK_S:.0f} seconds"),
    (HOWTO / "facts-of-your-own.md", f"until {WORDS[discovered.MOST_FAILURES]} runs in a row have failed"),
    (HOWTO / "facts-of-your-own.md", f"up to {printed.LONGEST:,} characters"),
    (
        HOWTO / "facts-of-your-own.md",
        f"{discover_run.MOST_BYTES >> 10} KiB of output, {printed.MOST:,} facts a program, {discovered.MOST:,} a host,"
        f" {discover_folder.MOST} programs",
    ),
    (HOWTO / "facts-of-your-own.md", f"{discover_start.MEMORY_BYTES >> 20} MiB of memory for each process"),
    (HOWTO / "alerts.md", f"reach back ({KEPT['edges_1m']} days here)"),
    (HOWTO / "grafana.md", f"{WORDS[len(DASHBOARDS)].capitalize()} dashboards"),
    (HOWTO / "install.md", f"servicemap-{__version__}-py3-none-any.whl"),
    (HOWTO / "upgrade.md", f"({PROCESSES.retention_ms // DAY_MS} days of raw facts)"),
    (SIZING, f"| store `edges` | a flow and window | 15 | {KEPT['edges']} days"),
    (SIZING, f"22 | {KEPT['edges_1m']} days"),
    (SIZING, f"16 | {KEPT['edges_1h']} days"),
    (SIZING, f"14 | {KEPT['edges_1d']:,} days"),
    (SIZING, f"| store `process_usage` | a process and window | 7 | {KEPT['process_usage']} days"),
    (SIZING, f"| store `nodes` | a process and hour | 37 | {KEPT['nodes']} days"),
    (SIZING, f"| log `connections` | a socket and window | 13 | {CONNECTIONS.retention_ms // DAY_MS} days"),
    (
        SIZING,
        f"| log `edges` | a flow and window, both ends | 16 | {EDGES.read_ms // HOUR_MS} hours once read, else 1 day",
    ),
    (SIZING, f"A day has {DAY_MS // AGENT.window_ms:,} windows"),
    (SIZING, f"less than {GiB >> 30} GiB is free"),
    (
        SIZING,
        f"the {len(BOUNDED)} topics that have it take at most"
        f" {sum(topic.partitions * topic.retention_bytes for topic in BOUNDED) >> 30} GiB a replica",
    ),
    (DOCS / "explanation" / "security.md", f"with {WORDS[len(CAPABILITIES)]} capabilities"),
    (HOWTO / "many-machines.md", f"Write on `hosts` and the raw ones: `{'`, `'.join(topic.name for topic in RAW)}`"),
    (HOWTO / "install.md", f"| the agent of a host | {', '.join(sorted(packages()))} |"),
    (SIZING, f"at most {Options.memory_bytes // 10**9} GB"),
    (FAQ, f"On loopback: {VIEW_PORT} (view), {USUAL['native_port']} and {USUAL['http_port']} (store)"),
    (FAQ, f"{NOTHING_MATCHES} when nothing matches"),
    (DOCS / "architecture.md", f"(`streams/rewind.py`, {WORDS[minutes(STRETCH_MS)]} minutes)"),
    (DOCS / "architecture.md", f"or began {MAX_BEHIND_MS // DAY_MS} days before, is refused"),
]


@pytest.mark.parametrize(("page", "sentence"), FACTS, ids=lambda each: each.name if isinstance(each, Path) else None)
def test_a_number_that_a_page_has_from_the_code_is_the_codes(page: Path, sentence: str) -> None:
    text = " ".join(page.read_text().replace("#", " ").split())
    assert sentence in text, f"{page.relative_to(ROOT)} lacks: {sentence}"


def test_what_is_stated_in_words_alone_still_holds() -> None:
    assert AGENT.spool_windows * AGENT.window_ms == HOUR_MS  # "(an hour)"
    assert AGENT.keyframe_ms == 60_000  # "a keyframe, once a minute"
    assert MAX_AHEAD_MS == HOUR_MS  # "more than an hour after it was logged"


@pytest.mark.parametrize("page", ["docs/howto/docker-compose.md", "docs/howto/many-machines.md"])
def test_capabilities_are_named_alike_everywhere(page: str) -> None:
    named = set(re.findall(r"\b(?:CAP_)?((?:SYS|DAC|NET)_[A-Z_]+|BPF|PERFMON)\b", (ROOT / page).read_text()))
    unit = set(re.findall(r"CAP_([A-Z_]+)", (ROOT / "deploy" / "servicemap-agent.service").read_text()))

    assert named == set(CAPABILITIES) == unit


def test_every_alert_has_its_line_and_no_other_has() -> None:
    lines = re.findall(r"^\| ([A-Z][^|]+?) \|", (HOWTO / "alerts.md").read_text(), re.M)
    names = {rule.title for rule in EVERY_MINUTE}

    assert names <= set(lines)


def test_every_dashboard_has_its_line() -> None:
    titles = {json.loads(path.read_text())["title"] for path in DASHBOARDS}
    lines = re.findall(r"^\| ([A-Z][^|]+?) \|", (HOWTO / "grafana.md").read_text(), re.M)

    assert {title.removeprefix("servicemap: ") for title in titles} == set(lines)
