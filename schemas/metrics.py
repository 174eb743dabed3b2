"""The metrics that parts serve about themselves: each is declared here, with its kind and its meaning.

A part collects samples when somebody asks, and `exposition` writes them in Prometheus' text format. Only then is
prometheus_client imported: an agent that nobody scrapes does not carry it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from typing import NamedTuple

PREFIX = "servicemap_"


class Kind(Enum):
    """What a value is."""

    COUNTER = "counter"
    GAUGE = "gauge"


class Metric(NamedTuple):
    """A metric. `name` is without prefix; one that `matters` is shown by `doctor` where it is not 0."""

    name: str
    kind: Kind
    meaning: str
    part: str
    labels: tuple[str, ...] = ()
    matters: bool = False

    @property
    def full_name(self) -> str:
        """Return the name that Prometheus has."""
        return PREFIX + self.name + ("_total" if self.kind is Kind.COUNTER else "")


class Sample(NamedTuple):
    """A value of a metric, with the values of its labels."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


Collect = Callable[[], Iterable[Sample]]

COUNTER, GAUGE = Kind.COUNTER, Kind.GAUGE
EVERY, COLLECT, WORK, SINK, VIEW, STORE, UP = "every part", "collect", "work", "sink", "view", "store", "up"
EDGES = "metrics"

BUILD_INFO = Metric("build_info", GAUGE, "1, with the version and the part", EVERY, ("version", "part"))

COLLECTOR_DURATION = Metric(
    "collector_duration_seconds", GAUGE, "time that a collector took in its last window", COLLECT, ("collector",)
)
COLLECTOR_SUCCESS = Metric(
    "collector_success", GAUGE, "1 if a collector succeeded in its last window, else 0", COLLECT, ("collector",)
)
COLLECTOR_ERRORS = Metric("collector_errors", COUNTER, "failures of a collector", COLLECT, ("collector",), True)
COLLECTOR_SKIPPED = Metric(
    "collector_rows_skipped", COUNTER, "rows of a collector that could not be encoded", COLLECT, ("collector",), True
)
WINDOWS = Metric("agent_windows", COUNTER, "windows that were collected", COLLECT)
WINDOW_END = Metric("agent_window_end_seconds", GAUGE, "end of the newest window, Unix time", COLLECT)
SPOOLED = Metric("agent_spooled_windows", GAUGE, "windows that wait for the log", COLLECT)

LOG_LAG = Metric(
    "log_lag_records", GAUGE, "records that a group has not read yet", f"{WORK}, {SINK}", ("group", "topic")
)
LOG_LAG_SECONDS = Metric(
    "log_lag_seconds",
    GAUGE,
    "age of the oldest record not read by a group",
    f"{WORK}, {SINK}",
    ("group", "topic"),
)
SINK_HELD = Metric("sink_held_rows", GAUGE, "rows that were read and are not stored yet", SINK)
STORE_RETRIES = Metric("sink_store_retries", COUNTER, "times that the store had to be asked again", SINK, (), True)
ROLLUPS_SKIPPED = Metric("sink_rollups_passed_by", COUNTER, "spans that could not be rolled up", SINK, (), True)
DELAY = Metric(
    "delay_seconds", GAUGE, "time since the end of the newest window of facts or of edges in the store", SINK, ("of",)
)

DISK_BUDGET = Metric("disk_budget_bytes", GAUGE, "what log and store may take of the disk", SINK)
DISK_USED = Metric("disk_used_bytes", GAUGE, "what log and store take of the disk", SINK, ("of",))
DISK_DROPPED_ROWS = Metric(
    "disk_dropped_rows", COUNTER, "rows or records that were dropped to make room on the disk", SINK, ("of",), True
)
DISK_DROPPED_BYTES = Metric("disk_dropped_bytes", COUNTER, "bytes of these rows or records, as stored", SINK, ("of",))

VIEW_ANSWERS = Metric("view_answers", COUNTER, "answers of the live view, or of the API", f"{VIEW}, api", ("code",))

EDGE_SERIES = Metric("edge_series", GAUGE, "edges that are served as metrics", EDGES)
EDGES_WITHOUT_ROOM = Metric("edges_without_room", GAUGE, "edges of the last minute that found no room", EDGES)
EDGES_LEFT_OUT = Metric(
    "edges_left_out", COUNTER, "edges that found no room (edge_metrics.most_edges), minute by minute", EDGES, (), True
)
EDGE_REQUESTS_LEFT_OUT = Metric("edge_requests_left_out", COUNTER, "requests of these edges", EDGES)
EDGE_READS_SKIPPED = Metric(
    "edge_reads_skipped",
    COUNTER,
    "minutes that were passed by because the part was too far behind",
    EDGES,
    (),
    True,
)
EDGE_READ_FAILURES = Metric("edge_read_failures", COUNTER, "times that edges could not be read", EDGES, (), True)
EDGE_PUSH_FAILURES = Metric("edge_push_failures", COUNTER, "pushes by OTLP that failed", EDGES, (), True)
EDGES_UPTO = Metric("edges_counted_to_seconds", GAUGE, "up to when edges are counted, Unix time", EDGES)

STORE_CONNECTIONS = Metric("store_connections", GAUGE, "clients that are connected, by standing", STORE, ("of",))
STORE_TROUBLE = Metric("store_trouble", COUNTER, "clients that were refused or sent away", STORE, ("reason",))

PART_UP = Metric("part_up", GAUGE, "1 if a part runs, else 0", UP, ("part",))
PART_EXITS = Metric("part_exits", COUNTER, "times that a part ended by itself", UP, ("part",), True)


def _counters(part: str, prefix: str, labels: tuple[str, ...], meanings: Mapping[str, str]) -> dict[str, Metric]:
    """Declare counters that are named where they are counted; `!` begins the meaning of those that matter."""
    return {
        name: Metric(f"{prefix}_{name}", COUNTER, text.removeprefix("!"), part, labels, text.startswith("!"))
        for name, text in meanings.items()
    }


AGENT_COUNTERS = _counters(
    COLLECT,
    "agent",
    (),
    {
        "windows_dropped": "!windows that the log did not take in time",
        "publish_errors": "!failures to write to the log, each tried again",
        "kernel_log_overruns": "!times that records of the kernel's log were overwritten before they were read",
        "process_event_overruns": "!times that events of processes were lost",
        "process_reads_hung": "!reads of a process that did not return",
        "process_facts_skipped": "!facts of processes that could not be read",
        "discoveries_failed": "!runs of the operator's own programs that failed",
        "discoveries_refused": "!items that these programs printed and that are not facts",
        "discoveries_dropped": "!facts that these programs printed beyond the bounds",
        "container_files_skipped": "files of container runtimes that were too large or had an unexpected owner",
        "socket_event_overruns": "!times that events of sockets were lost",
        "socket_events_dropped": "!events of sockets that were dropped",
        "socket_reports_lost": "!reports of owners and ends of sockets (BPF) that found no room",
        "connections_unidentified": "!connections whose socket could not be distinguished from another one",
        "resets_uncounted": "resets that could not be attributed to a connection",
        "connections_forgotten": "!connections that were forgotten because too many were open",
        "tcp_headers_dropped": "!packet headers that the kernel dropped",
        "announcements_unreadable": "frames of LLDP and CDP that are no announcements",
        "announcements_dropped": "!announcements of switches that were dropped because too many came",
        "datagrams_dropped": "headers of datagrams that the kernel dropped, or that were of too many flows",
        "datagram_flows_dropped": "flows of UDP sockets without a peer that were left out because too many were open",
        "translations_failed": "readings of translated connections (NAT) that failed",
        "unix_dumps_failed": "dumps of Unix sockets that failed",
        "namespaces_failed": "network namespaces that were left because a collector failed in them",
        "http_packets_dropped": "!packets with HTTP that the kernel dropped",
        "http_requests_dropped": "!requests that were dropped because too many were open",
        "http_answers_missed": "answers that were not seen",
        "protocol_packets_dropped": "!packets of other protocols that the kernel dropped",
        "protocol_requests_dropped": "!requests of other protocols that were dropped because too many were open",
        "protocol_answers_missed": "answers of other protocols that were not seen",
        "dns_names_dropped": "addresses whose names by DNS were dropped because too many were in use",
    },
)
STAGE_COUNTERS = _counters(
    WORK,
    "stage",
    ("stage",),
    {
        "records": "records that a stage read",
        "sides": "sides of flows that were emitted",
        "edges": "edges that were emitted",
        "dead_letters": "!records that went to the dead letters",
        "rows_left_out": "!rows that were left out of records",
        "too_large": "!records that were too large for the log",
        "windows_set_aside": "!windows of agents beside the one that leads, which were set aside",
        "batches_set_aside": "batches of agents beside the one that leads, which were set aside",
        "incomplete_windows": "!windows that were used without all of their batches",
        "stale_windows": "!incomplete windows that were dropped because later ones were complete long before",
        "forced_windows": "!windows that were used as they were because too many were waiting",
        "placeless_windows": "!windows that were dropped because no heartbeat of their agent came",
        "windows_before_a_keyframe": "windows that were left out because no keyframe came before them",
        "requests_without_connection": "!flows with requests that were on no known connection",
        "batches_ahead_of_the_clock": "!batches that were ahead of the log's clock",
        "repeated_batches": "batches that were read again",
        "hosts_forgotten": "hosts that were forgotten after a long silence",
        "bytes_caught_up": "bytes that were taken from the kernel's totals after a restart",
        "named_back_in_part": "batches whose late ends were named for a part of the past only",
        "contested": "connections of windows whose addresses several hosts have, which were paired by their cables",
        "windows_named_back": "windows for which a late end was named",
    },
)
SINK_COUNTERS = _counters(
    SINK,
    "sink",
    (),
    {
        "rows": "rows that were stored",
        "refused": "!records that could not be stored",
        "set_aside": "batches of a host that another agent reports",
        "too_old": "!late rows that were left out because rows of their time had been dropped to make room",
        "tombstones": "tombstones of compacted topics, which are left out",
    },
)

METRICS: tuple[Metric, ...] = (
    BUILD_INFO,
    *(COLLECTOR_DURATION, COLLECTOR_SUCCESS, COLLECTOR_ERRORS, COLLECTOR_SKIPPED, WINDOWS, WINDOW_END, SPOOLED),
    *AGENT_COUNTERS.values(),
    *STAGE_COUNTERS.values(),
    *(LOG_LAG, LOG_LAG_SECONDS),
    *SINK_COUNTERS.values(),
    *(SINK_HELD, STORE_RETRIES, ROLLUPS_SKIPPED, DELAY),
    *(DISK_BUDGET, DISK_USED, DISK_DROPPED_ROWS, DISK_DROPPED_BYTES),
    VIEW_ANSWERS,
    *(EDGE_SERIES, EDGES_WITHOUT_ROOM, EDGES_LEFT_OUT, EDGE_REQUESTS_LEFT_OUT, EDGE_READS_SKIPPED),
    *(EDGE_READ_FAILURES, EDGE_PUSH_FAILURES, EDGES_UPTO),
    *(STORE_CONNECTIONS, STORE_TROUBLE),
    *(PART_UP, PART_EXITS),
)


def counted(declared: Mapping[str, Metric], counts: Mapping[str, int], *labels: str) -> Iterator[Sample]:
    """Yield a sample of every declared counter; one that has counted nothing is 0."""
    for name, metric in declared.items():
        yield Sample(metric, counts.get(name, 0), labels)


def exposition(samples: Iterable[Sample]) -> bytes:
    """Return samples in Prometheus' text format, with what the process itself uses."""
    from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    families: dict[Metric, CounterMetricFamily | GaugeMetricFamily] = {}
    for sample in samples:
        metric = sample.metric
        if metric not in families:
            kind = CounterMetricFamily if metric.kind is COUNTER else GaugeMetricFamily
            families[metric] = kind(PREFIX + metric.name, metric.meaning, labels=metric.labels)
        families[metric].add_metric(sample.labels, sample.value)

    class Given:
        def collect(self) -> Iterable[CounterMetricFamily | GaugeMetricFamily]:
            return families.values()

    registry = CollectorRegistry()
    registry.register(Given())
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return generate_latest(registry)
