"""The tables of the store: those that topics fill, of the facts of the schemas, and those that sinks report into."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from graph.identity import unpacked
from schemas import topics
from schemas.facts import Merge
from schemas.graph import AddressNames, Edges, Ends, Events, FlowRequests, Identities, NodeFacts, Nodes, Places
from schemas.kinds import COUNT_MAP, F64, LABEL, TEXT, TEXT_MAP, TEXTS, TIME, U16, U32, U64, WHEN
from schemas.overlays import Annotation, OverlaySchema
from schemas.raw import Heartbeat, HostFacts, Links, Usage
from schemas.used import uses
from sinks import filling
from sinks.fitting import Values
from sinks.table import Column, Kept, Table, columns, declared

MAX = Merge.MAX
DAYS = 15  # that rows of windows are kept

_WIDTH = Column("width_ms", U32, "width of the window, ms", MAX)
_TRANSPORT = Column("transport", LABEL, "tcp, udp or unix")
_ENDPOINT = (
    Column("scope", LABEL, "where the address means something: empty for everywhere, else a host or a namespace"),
    Column("address", LABEL, "IPv4 or IPv6 address of the end; of a Unix socket its name, or # of a client"),
    Column("port", U16, "its port; of a Unix socket a number made of its name"),
)
_WHO = Column(
    "who",
    LABEL,
    "who is at the end, as one text that merges as a whole: start of the process, then the columns below",
    MAX,
)
_REQUESTS = declared(FlowRequests, without=("window", "flow", "width"))
_PLACES = (
    *declared(Places, without=(*filling.WHO_LISTENS, "seen", "minutes", "before")),
    _WHO._replace(meaning="who listens, as in edges", merge=Merge.KEY),
    *(column for column in declared(Places) if column.name in ("seen", "minutes", "before")),
)
_USAGE = declared(Usage, without=("pid", "start"))
_HOST = columns(
    HostFacts,
    {
        **dict.fromkeys(("hostname", "os", "kernel", "arch"), TEXT),
        "cpus": U16,
        "memory_bytes": U64,
        "booted": TIME,
        "agent_version": TEXT,
        "addresses": TEXTS,
        "labels": TEXT_MAP,
    },
)
_OF_WINDOW = columns(Heartbeat, {**dict.fromkeys(("missing", "failed"), TEXT_MAP), "counters": COUNT_MAP}, MAX)


def _at(end: str, of_end: Iterable[Column]) -> list[Column]:
    """Return the columns of an end."""
    return [column._replace(name=f"{end}_{column.name}") for column in of_end]


def _parts_of_who(end: str) -> list[Column]:
    """Return the parts of who is at an end, as columns for people: they are cut from the few values of a dictionary."""
    return [
        one._replace(name=f"{end}_{one.name}", merge=Merge.KEY, alias=unpacked(f"{end}_who", one.name, one.kind))
        for one in declared(Identities)
    ]


_EDGE = declared(Edges, without=("window", "flow", "width"))
_FLOW_KEY = tuple(f"{end}_{column.name}" for end in "ab" for column in _ENDPOINT)
_WINDOW = Column("window", WHEN, "start of the window")
_NODE = Column("node", TEXT, "process node")


def _used_by_host(
    name: str,
    topic: topics.Topic,
    more: Sequence[Column] = (),
    fill: Callable[[Any], Values] = filling.used_by_host,
) -> Table:
    """Return a table of what hosts use, a row for each window: the facts of a topic's record, and `more` columns."""
    used = columns(topic.record, {name: one.kind for name, one in uses(topic.record).items()}, MAX)
    return Table(
        name,
        (_WINDOW, Column("host", LABEL, "host id"), _WIDTH, *used, *more),
        key=("host", "window"),
        kept=Kept("window", "Hour", DAYS),
        topic=topic.name,
        time="window",
        fill=fill,
        patient=True,
    )


EDGES = Table(
    "edges",
    (
        _WINDOW,
        _TRANSPORT,
        *_EDGE,
        _WIDTH,
        *(column for end in "ab" for column in _at(end, (*_ENDPOINT, _WHO, *declared(Ends, without=("who",))))),
        *(column for end in "ab" for column in _parts_of_who(end)),
    ),
    key=("transport", *_FLOW_KEY, "window", "nth"),
    kept=Kept("window", "Hour", DAYS),
    topic=topics.EDGES.name,
    time="window",
    fill=filling.edges,
)
REQUESTS = Table(
    "requests",
    (
        _WINDOW,
        _TRANSPORT,
        _WIDTH,
        *_REQUESTS,
        *(column for end in "ab" for column in _at(end, _ENDPOINT)),
    ),
    key=("transport", *_FLOW_KEY, "window", "end"),
    kept=Kept("window", "Hour", DAYS),
    topic=topics.FLOW_REQUESTS.name,
    time="window",
    fill=filling.requests,
)
NODES = Table(
    "nodes",
    declared(Nodes),
    key=("node", "hour"),
    engine="ReplacingMergeTree(seen)",
    kept=Kept("hour", "Hour", DAYS),
    topic=topics.NODES.name,
    time="seen",
    fill=filling.nodes,
)
PLACES = Table(
    "places",
    _PLACES,
    key=("transport", "port", "host", "scope", "address", "who", "hour"),
    kept=Kept("hour", "Hour", DAYS),
    topic=topics.PLACES.name,
    time="seen",
    fill=filling.places,
)
NODE_FACTS = Table(
    "node_facts",
    declared(NodeFacts),
    key=("host", "name", "node", "service", "port", "program", "value", "hour"),
    kept=Kept("hour", "Hour", DAYS),
    topic=topics.NODE_FACTS.name,
    time="seen",
    fill=filling.node_facts,
    patient=True,
)
ADDRESS_NAMES = Table(
    "address_names",
    declared(AddressNames),
    key=("address", "scope", "name", "host", "hour"),
    kept=Kept("hour", "Hour", DAYS),
    topic=topics.ADDRESS_NAMES.name,
    time="seen",
    fill=filling.address_names,
)
EVENTS = Table(
    "events",
    declared(Events),
    key=("time", "kind", "subject", "object"),
    engine="ReplacingMergeTree",
    kept=Kept("time", "Hour", 90),
    topic=topics.EVENTS.name,
    time="time",
    fill=filling.events,
)
PROCESS_USAGE = Table(
    "process_usage",
    (_WINDOW, _NODE, Column("host", LABEL, "host id", MAX), *(one._replace(merge=MAX) for one in _USAGE)),
    key=("node", "window"),
    kept=Kept("window", "Hour", DAYS),
    topic=topics.PROCESSES.name,
    time="window",
    fill=filling.process_usage,
    patient=True,
)
HOST_USAGE = _used_by_host("host_usage", topics.HEARTBEATS, _OF_WINDOW, filling.host_usage)
HOSTS = Table(
    "hosts",
    (
        Column("host", LABEL, "host id"),
        Column("seen", WHEN, "latest window that reported it"),
        Column("boot_id", TEXT),
        *_HOST,
    ),
    key=("host",),
    engine="ReplacingMergeTree(seen)",
    topic=topics.HOSTS.name,
    time="seen",
    fill=filling.hosts,
)
LINKS = Table(
    "links",
    (
        Column("hour", WHEN, "start of the hour"),
        Column("host", LABEL, "host id"),
        Column("seen", WHEN, "latest window that reported it; of a host, only rows of the latest one are still so"),
        *declared(Links),
    ),
    key=("host", "interface", "protocol", "chassis", "port", "hour"),
    engine="ReplacingMergeTree(seen)",
    kept=Kept("hour", "Day", DAYS),
    topic=topics.LINKS.name,
    time="seen",
    fill=filling.links,
    patient=True,
)
_WORD = Column("word", TEXT, "what was written last, as one text that merges as a whole: its time, then JSON", MAX)
ANNOTATIONS = Table(
    "annotations",
    (*columns(Annotation, {"overlay": LABEL, "target": TEXT, "valid_from": TIME}), _WORD),
    key=("overlay", "target", "valid_from"),
    topic=topics.OVERLAYS.name,
    time="valid_from",
    fill=filling.annotations,
)
OVERLAY_SCHEMAS = Table(
    "overlay_schemas",
    (*columns(OverlaySchema, {"overlay": LABEL}), *columns(OverlaySchema, {"written": TIME}, MAX), _WORD),
    key=("overlay",),
    topic=topics.OVERLAY_SCHEMAS.name,
    time="written",
    fill=filling.overlay_schemas,
)
PIPELINE = Table(
    "pipeline",
    (
        Column("minute", TIME, "start of the minute"),
        Column("measure", LABEL, "facts_late and edges_late, s; dead_letters, refused and store_retries of the minute"),
        Column("sink", LABEL, "host and process id of the sink that reports"),
        Column("value", F64, "of the measure"),
    ),
    key=("measure", "minute", "sink"),
    engine="ReplacingMergeTree",
    kept=Kept("minute", "Day", 15),
)
DROPPED = Table(
    "dropped",
    (
        Column("what", LABEL, "flows (rows of windows), minutes (roll-ups), or log (records)"),
        Column("until", TIME, "end of the stretch of time that was dropped"),
        Column("rows", U64, "rows or records that were dropped"),
        Column("bytes", U64, "their bytes, as stored"),
        Column("at", TIME, "when that was"),
    ),
    key=("what", "until"),
    engine="ReplacingMergeTree(at)",
    kept=Kept("at", "Month", 400),
)
RETENTION = Table(
    "retention",
    (
        Column("what", LABEL, "store or log"),
        Column("name", LABEL, "the resolution of the store, or the topic of the log"),
        Column("at", TIME, "when a sink looked"),
        Column("since", TIME, "time of its oldest row or record; 1970: none, or not known"),
        Column("limit_ms", U64, "how long it is kept, ms; 0: for ever"),
        Column("limit_bytes", U64, "most bytes of it; 0: no limit of its own"),
        Column("bytes", U64, "what it takes; 0: not known"),
        Column("daily_bytes", U64, "what it takes a day, from what it took so far; 0: not known"),
        Column("reach_ms", U64, "how far back it will reach at this rate, ms; 0: no limit"),
        Column("answers", TEXT, "what can be asked of it"),
    ),
    key=("what", "name"),
    engine="ReplacingMergeTree(at)",
)
TABLES = tuple(one for one in list(globals().values()) if isinstance(one, Table) and one.topic)  # filled by topics
TOPICS = tuple(table.topic for table in TABLES)  # what the sink reads
