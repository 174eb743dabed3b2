"""Pipeline: how late the map is, what is stored, and what was lost on the way."""

from dashboards.grafana.dashboard import AGENTS, Row, changes, dashboard
from dashboards.grafana.links import PIPELINE, to_host
from dashboards.grafana.panels import Json, column, series, stats, table
from dashboards.texts import hosts, pipeline


def build() -> Json:
    """Return the dashboard."""
    return dashboard(
        PIPELINE,
        "Pipeline",
        "Whether the map can be believed: how late it is, which hosts report, what was lost.",
        [
            Row(4, [_numbers()]),
            *_flow(),
            Row(9, [_hosts()], "Agents"),
            Row(9, [_missing(), _storage()], "Store"),
            Row(12, [_kept()]),
        ],
        annotations=[changes(AGENTS, service="", host="")],
    )


def _numbers() -> Json:
    columns = {
        "facts_late": column("Newest fact is late by", "s", red_from=30),
        "edges_late": column("Newest edge is late by", "s", red_from=60),
        "reporting": column("Hosts reporting", "none"),
        "silent": column("Hosts silent", "none", red_from=1),
        "edge_rows": column("Edge rows stored", "cps"),
        "stored": column("Size of the store", "bytes"),
    }
    about = "At the end of the range. A window is reported once it has ended, so a few seconds are usual."
    return stats("Now", pipeline.now(), about, columns)


def _flow() -> list[Row]:
    lost = "Errors and drops that agents counted, by what happened. None is best."
    late = "Behind the clock, as sinks report once a minute. Facts: agents, log and sink; edges: the workers as well."
    unused = "Records that could not be used (topic dead-letters), and trouble with the store. None is best."
    rows = "Rows that the store holds of each point; what was stored twice and is not merged yet counts twice."
    return [
        Row(
            8,
            [
                series("Late by", pipeline.late(), "s", late, finest="1m"),
                series("Not usable", pipeline.lost(), "short", unused, bars=True, finest="1m"),
            ],
        ),
        Row(
            8,
            [
                series("Rows", pipeline.rows(), "cps", rows),
                series("Hosts reporting", pipeline.hosts_reporting(), "none", "Hosts with a window in each point."),
                series("Lost or dropped by agents", pipeline.counters(), "short", lost, bars=True),
            ],
        ),
    ]


def _hosts() -> Json:
    columns = {
        "host": column("Host", links=[to_host()]),
        "host_id": column(hidden=True),
        "last_window": column("Last window"),
        "late": column("Late by", "s", red_from=60),
        "share": column("Reported part of the range", "percentunit", decimals=1),
        "agent_cpu": column("Agent's share of a CPU", "percentunit", decimals=2),
        "agent_memory": column("Agent's memory", "bytes"),
        "unseen": column("Cannot see", "none", red_from=1),
        "errors": column("Errors since its start", "short", red_from=1),
    }
    about = "Hosts of this range and the day before it, the latest first."
    return table("Hosts", pipeline.hosts(), about, columns)


def _missing() -> Json:
    columns = {
        "host": column("Host", links=[to_host()]),
        "host_id": column(hidden=True),
        "what": column("What it cannot see"),
        "needs": column("What it would need, or why"),
    }
    about = "As of each agent's last heartbeat in the range; servicemap doctor there shows how to fix it."
    return table("What agents cannot see", hosts.missing(), about, columns, host="")


def _storage() -> Json:
    columns = {
        "stored": column("Table"),
        "rows": column("Rows", "short"),
        "bytes": column("On disk", "bytes"),
        "ratio": column("Compression", "none", decimals=1),
        "parts": column("Parts", "none"),
        "partitions": column("Hours", "none"),
        "written": column("Last written"),
    }
    return table("Tables", pipeline.storage(), "What each table takes, now and not at the range's end.", columns)


def _kept() -> Json:
    columns = {
        "kept": column("What"),
        "reaches": column("Reaches back", "dtdurations"),
        "limit": column("Kept for", "dtdurations"),
        "at_most": column("At most", "bytes"),
        "now": column("Takes", "bytes"),
        "daily": column("A day", "bytes"),
        "reach": column("Will reach", "dtdurations"),
        "answers": column("Answers"),
    }
    about = (
        "How long each resolution and topic is kept, and how far back it will reach at this rate within the limits of"
        " time, size and disk; as a sink found it last. Blank: no limit, or not known."
    )
    return table("What is kept", pipeline.kept(), about, columns)
