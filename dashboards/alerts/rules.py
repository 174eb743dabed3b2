"""The rules. The texts of a rule describe what it is about; its query is what is compared."""

from dashboards.alerts import queries
from dashboards.alerts.rule import DAY, HOUR, MINUTE, Rule
from graph import alert_changes, alert_edges
from graph.clocks import FAR_MS, clocks_apart
from graph.suspects import SILENT_S
from schemas.health import ALERTS

EDGE = "{{ $labels.client }} → {{ $labels.server }} ({{ $labels.port }})"

EVERY_MINUTE = (
    Rule(
        "servicemap-host-silent",
        "Host silent",
        queries.host_silent(),
        reach=DAY,
        beyond=SILENT_S,
        holds=0,
        severity="critical",
        summary="{{ $labels.host }} has reported nothing for {{ humanizeDuration $values.B.Value }}",
        about="Other hosts still report. This host is down or cut off, or its agent has ended: see systemctl status or "
        "docker logs there. What else talked to it is on the map. A host is expected for a day after its last report.",
    ),
    Rule(
        "servicemap-switch-suspected",
        "Switch suspected",
        queries.switch_suspected(),
        reach=DAY,
        beyond=SILENT_S,
        holds=0,
        severity="critical",
        summary="switch {{ $labels.switch }} is suspected: all {{ $labels.hosts }} of its hosts fell silent",
        about="Within two minutes of each other {{ $labels.names }} fell silent, and other hosts still report. Look at "
        "the switch, its power and its uplink before you look at the hosts. It is resolved once one of them reports.",
    ),
    Rule(
        "servicemap-collector-failed",
        "Collector failed",
        queries.collector_failed(),
        reach=10 * MINUTE,
        beyond=60,
        holds=0,
        severity="warning",
        summary="the collector of {{ $labels.collector }} on {{ $labels.host }} has failed for "
        "{{ humanizeDuration $values.B.Value }} of 10 minutes",
        about="What it reports is not known meanwhile, and what was known before stays on the map. The agent's log has "
        "the error, and servicemap doctor on the host tries the collector and shows what it needs.",
    ),
    Rule(
        "servicemap-clocks-apart",
        "Clocks apart",
        clocks_apart(),
        reach=10 * MINUTE,
        beyond=FAR_MS / 2000,  # one half ahead, one half behind
        holds=5 * MINUTE,
        severity="warning",
        summary="the clock of {{ $labels.host }} is {{ humanizeDuration $values.B.Value }} {{ $labels.direction }} "
        "the others",
        about="The others are the hosts that it has connections with, and theirs. This is the mean over connections "
        "that both ends saw open. Up to 30 s apart each connection counts once, but what the hosts report is drawn at "
        "other times. Mend the time service (NTP) of the host whose clock is wrong; of two hosts both are named.",
    ),
    Rule(
        "servicemap-host-id-shared",
        "Host id shared",
        queries.host_id_shared(),
        reach=2 * HOUR,
        beyond=0,
        holds=0,
        severity="warning",
        summary="several agents report under host id {{ $labels.host_id }}: {{ $labels.agents }}",
        about="Two machines with one id (a copy and its original) are kept apart while both run, the one that booted "
        "last by another id: give one of them an id of its own (--host-id). Of two agents on one machine the second "
        "one is set aside: stop it. The rule fires until one of them no longer reports.",
    ),
    Rule(
        "servicemap-pipeline-late",
        "Pipeline late",
        queries.pipeline_late(),
        reach=HOUR,
        beyond=180,
        holds=1 * MINUTE,
        severity="critical",
        summary="the map is {{ humanizeDuration $values.B.Value }} late ({{ $labels.stage }})",
        about="facts: no agent's facts reach the store, so look at the agents, Kafka and the sink. map: facts come but "
        "no edges are made of them, so look at the workers. servicemap log lag shows which reader is behind.",
        nothing="Alerting",
    ),
    Rule(
        "servicemap-dead-letters",
        "Records cannot be used",
        queries.dead_letters(),
        reach=10 * MINUTE,
        beyond=0,
        holds=0,
        severity="warning",
        summary="{{ humanize $values.B.Value }} records could not be used in 10 minutes (topic {{ $labels.topic }})",
        about="Their facts are not on the map, and later records are still read. servicemap log read dead-letters "
        "--from 1h --limit 5 shows the reason of each record, and where the original is.",
    ),
    Rule(
        "servicemap-connections-failed",
        "Connections fail",
        alert_edges.connections_failed(),
        reach=5 * MINUTE,
        beyond=ALERTS["failed"].beyond,
        holds=1 * MINUTE,
        severity="warning",
        summary=EDGE + ": {{ humanizePercentage $values.B.Value }} of the connections fail",
        about="More than a fifth of the connections opened in the last 5 minutes failed, 5 of them or more: the server "
        "refuses them or does not answer.",
    ),
    Rule(
        "servicemap-requests-failed",
        "Requests fail",
        alert_edges.requests_failed(),
        reach=5 * MINUTE,
        beyond=ALERTS["errors"].beyond,
        holds=1 * MINUTE,
        severity="warning",
        summary=EDGE + ": {{ humanizePercentage $values.B.Value }} of the requests fail",
        about="More than a twentieth of the requests of the last 5 minutes failed (an error or no answer), 5 of 10 or "
        "more. The server fails, or something that it asks in turn does. The Edge dashboard shows which answers.",
    ),
    Rule(
        "servicemap-retransmits",
        "Segments sent twice",
        alert_edges.by_side("retransmits"),
        reach=5 * MINUTE,
        beyond=ALERTS["retransmits"].beyond,
        holds=1 * MINUTE,
        severity="warning",
        summary=EDGE + ": {{ humanizePercentage $values.B.Value }} of the segments are sent twice",
        about="More than a twentieth of what one side sent in the last 5 minutes was sent twice: the network between "
        "them loses packets, or the other side is too busy to acknowledge them.",
    ),
    Rule(
        "servicemap-edge-new",
        "New edge to a critical service",
        alert_changes.new_edges(),
        reach=30 * DAY,
        beyond=1,
        holds=0,
        severity="critical",
        summary=EDGE + " is new",
        about="It was not there in the last 30 days, or since the service's host is watched. It fires for an hour. "
        'Each host names its critical services in a label: critical = "postgres, payments", or * for all.',
    ),
    Rule(
        "servicemap-edge-vanished",
        "Edge vanished",
        alert_changes.vanished_edges(),
        reach=8 * HOUR,
        beyond=0.9,
        holds=0,
        severity="warning",
        summary=EDGE + " has vanished",
        about="It was there in more than nine of ten minutes for an hour, and has not been for five minutes, while its "
        "client's host still reports. It is reported for six hours, or until it is there again.",
    ),
)

EVERY_FIVE_MINUTES = (
    Rule(
        "servicemap-traffic-anomaly",
        "Unusual traffic",
        alert_changes.unusual_traffic(),
        reach=15 * DAY,
        beyond=6,
        holds=10 * MINUTE,
        severity="warning",
        summary=EDGE + " moves much {{ $labels.change }} than usual",
        about="The bytes of the last five minutes are more than 6 robust standard deviations from the median of the "
        "same five minutes on earlier days, or of the last six hours while there are not yet five such days.",
    ),
)
