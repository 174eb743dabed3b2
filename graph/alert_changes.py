"""Alerts about edges between services that are new, that are gone, or that carry unusual traffic.

Each row has its labels (client, server, port) and one number. Parameters: from, to in ms.
"""

from graph.networks import INTERNET, is_private
from graph.span import moment
from graph.sql import select

_SINCE, _UNTIL = moment("from"), moment("to")
_ORDER = "DESC, client, server, port\nLIMIT 100"
_PORT = "concat(transport, ' ', toString(server_port))"
_SERVER = "toString(if(server_service = '', server_address, server_service))"
_SEES_EDGES = ("connections", "owners", "processes", "listeners")  # collectors without which edges are missing


def new_edges() -> str:
    """Return new clients of critical services, with the hours for which the service's host was watched before.

    A client is new if it has connected for less than an hour and never before. On a new host all clients are new, so
    the hours decide. A host names its critical services in its label `critical`, with commas between them; * means
    all its services. A client without a service is its address; public addresses are one client, the internet.
    """
    known = "client_service, client_address, server_service, server_host, transport, server_port"
    client = (
        "multiIf(client_service != '', toString(client_service), "
        f"{is_private('toString(client_address)')} OR client_address = '', toString(client_address), '{INTERNET}')"
    )
    return f"""WITH
    {_SINCE} AS since,
    {_UNTIL} AS until,
    marked AS
    (
        SELECT host, trimBoth(arrayJoin(splitByChar(',', argMax(labels, seen)['critical']))) AS service
        FROM hosts GROUP BY host
    ),
    edges_known AS
    (
        SELECT {known}, min(first) AS first_seen
        FROM
        (
            SELECT {known}, first FROM edges_1h FINAL WHERE hour >= since AND hour < until
            UNION ALL
            SELECT {known}, first
            FROM edges_1m FINAL WHERE minute >= greatest(since, until - INTERVAL 3 HOUR) AND minute < until
        )
        WHERE server_host IN (SELECT host FROM marked WHERE service != '')
        GROUP BY {known}
    ),
    watched AS (SELECT server_host AS host, min(first_seen) AS beginning FROM edges_known GROUP BY host)
SELECT
    {client} AS client,
    toString(server_service) AS server,
    {_PORT} AS port,
    toFloat64(min(dateDiff('second', beginning, edges_known.first_seen)) / 3600) AS watched_hours
FROM edges_known
INNER JOIN watched ON watched.host = server_host
WHERE server_service != ''
    AND ((server_host, server_service) IN (SELECT host, service FROM marked)
        OR (server_host, '*') IN (SELECT host, service FROM marked))
GROUP BY client, server, port
HAVING min(edges_known.first_seen) >= until - INTERVAL 1 HOUR
ORDER BY watched_hours {_ORDER}"""


def vanished_edges() -> str:
    """Return vanished edges with their steadiness: their share of the minutes of their last hour.

    An edge has vanished when its client's host reported 5 minutes without it. So a silent host, a late map or a failed
    collector makes no edge vanish. An edge counts as vanished for 6 hours.
    """
    return f"""WITH
    {_SINCE} AS since,
    {_UNTIL} AS until,
    reported AS
    (
        SELECT toString(host) AS host, max(seen) AS reported_to
        FROM nodes WHERE hour >= toStartOfHour(since) AND seen < until GROUP BY host
    ),
    blind AS
    (
        SELECT toString(host) AS host, max(window) AS blind_to
        FROM host_usage FINAL
        WHERE window >= since AND window < until AND hasAny(mapKeys(failed), {list(_SEES_EDGES)})
        GROUP BY host
    ),
    there AS
    (
        SELECT
            toString(client_service) AS client,
            {_SERVER} AS server,
            {_PORT} AS port,
            toString(argMax(client_host, minute)) AS host,
            groupUniqArray(minute) AS minutes,
            arrayMax(minutes) AS last
        FROM edges_1m FINAL
        WHERE minute >= since AND minute < until AND client_service != ''
        GROUP BY client, server, port
    )
SELECT client, server, port, toFloat64(arrayCount(at -> at > last - INTERVAL 1 HOUR, minutes) / 60) AS steadiness
FROM there
INNER JOIN reported ON reported.host = there.host
LEFT JOIN blind ON blind.host = there.host
WHERE last >= until - INTERVAL 6 HOUR AND greatest(last, blind_to) < least(reported_to, until) - INTERVAL 5 MINUTE
ORDER BY steadiness {_ORDER}"""


def unusual_traffic() -> str:
    """Return the deviation of the traffic between two services from the usual traffic, as a robust z-score.

    It is the distance from the median in units of 1.4826 times the median distance, which is the standard deviation of
    normal values. A unit is at least a tenth of the median and 100 kB, so that steady traffic may vary a little. The
    bytes of the last five minutes that are rolled up are compared with the same five minutes of each earlier day. With
    fewer than 5 such days they are compared with the last six hours, if these have at least 12 values. Only times since
    the edge was first seen count, without those in which no edge was seen. An edge without traffic counts only if its
    client's host (else its server's) has reported since.
    """
    slots = select(
        {
            "client": "toString(if(client_service = '', client_address, client_service))",
            "server": _SERVER,
            "port": _PORT,
            "host": "toString(argMax(if(client_host = '', server_host, client_host), minute))",
            # 0: now; -1, -2, …: so many days ago; 1, 2, …: so many times five minutes ago
            "slot": "toInt32(if(age < 6 * 3600 + 300, intDiv(age, 300), -intDiv(age, 86400)))",
            "first_minute": "min(minute)",
            "bytes": "toFloat64(sum(greatest(client_sent_bytes, server_received_bytes) "
            "+ greatest(client_received_bytes, server_sent_bytes)))",
        },
        "(SELECT *, dateDiff('second', minute, until) - 1 AS age "
        "FROM edges_1m FINAL WHERE minute >= since AND minute < until)",
        where="(client_service != '' OR server_service != '') AND (age < 6 * 3600 + 300 OR age %% 86400 < 300)",
        group=("client", "server", "port", "slot"),
    )
    return f"""WITH
    {_SINCE} AS since,
    toStartOfInterval({_UNTIL} - INTERVAL 3 MINUTE, INTERVAL 5 MINUTE) AS until,
    reported AS
    (
        SELECT toString(host) AS host, max(seen) AS reported_to
        FROM nodes WHERE hour >= until - INTERVAL 2 HOUR AND seen < {_UNTIL} GROUP BY host
    ),
    slots AS ({slots}),
    (SELECT groupUniqArray(slot) FROM slots) AS watched,
    edges_known AS
    (
        SELECT
            client, server, port, argMax(host, first_minute) AS host, min(first_minute) AS beginning,
            groupArray(slot) AS at, groupArray(bytes) AS moved,
            arrayFilter(one -> one < 0 AND until - INTERVAL 5 MINUTE - toIntervalDay(-one) >= beginning, watched)
                AS days,
            arrayFilter(one -> one > 0 AND until - toIntervalMinute(5 * one + 5) >= beginning, watched) AS recent,
            multiIf(length(days) >= 5, days, length(recent) >= 12, recent, []) AS base,
            arrayMap(one -> arrayElement(moved, indexOf(at, one)), base) AS usual,
            arrayElement(moved, indexOf(at, toInt32(0))) AS now,
            arrayReduce('medianExact', usual) AS median,
            arrayReduce('medianExact', arrayMap(each -> abs(each - median), usual)) AS deviation
        FROM slots
        GROUP BY client, server, port
    )
SELECT
    client, server, port,
    if(now < median, 'less', 'more') AS change,
    toFloat64(abs(now - median) / greatest(1.4826 * deviation, median / 10, 100000)) AS score
FROM edges_known
LEFT JOIN reported ON reported.host = edges_known.host
WHERE notEmpty(base) AND (now > 0 OR reported_to >= until)
ORDER BY score {_ORDER}"""
