-- What agents recorded of [from, to): hosts, and when each cell of `grain` ms begins of which they recorded so many ms. Hosts
-- that recorded the same share a row. Heartbeats say so; they are stored some windows after edges, so that of the newest
-- windows edges say it, and they are kept for 15 days, so that of what is older roll-ups say it by the hour.
-- Parameters: from, to and grain in ms.
WITH
    fromUnixTimestamp64Milli(toInt64(%(from)s), 'UTC') AS since,
    fromUnixTimestamp64Milli(toInt64(%(to)s), 'UTC') AS until,
    toStartOfHour(now() - INTERVAL 14 DAY) AS kept,
    (SELECT max(window) FROM host_usage WHERE window >= since AND window < until) AS beaten
SELECT groupArray(host) AS hosts, cells
FROM
(
    SELECT host, arraySort(groupArray((cell, ms))) AS cells
    FROM
    (
        SELECT host, intDiv(at, %(grain)s) * %(grain)s AS cell, least(greatest(%(grain)s, max(width)), sum(width)) AS ms
        FROM
        (
            SELECT host, at, max(width) AS width
            FROM
            (
                SELECT toString(host) AS host, toUnixTimestamp64Milli(window) AS at, toInt64(width_ms) AS width
                FROM host_usage
                WHERE window >= since AND window < until
                UNION ALL
                SELECT toString(arrayJoin([if(a_seen, a_host, ''), if(b_seen, b_host, '')])) AS host,
                    toUnixTimestamp64Milli(window) AS at, toInt64(width_ms) AS width
                FROM edges
                WHERE window > beaten AND window >= since AND window < until AND toUnixTimestamp64Milli(beaten) > 0
                UNION ALL
                SELECT toString(arrayJoin([if(seen_by_client, client_host, ''), if(seen_by_server, server_host, '')])) AS host,
                    toUnixTimestamp64Milli(hour) AS at, toInt64(3600000) AS width
                FROM edges_1h
                WHERE hour >= since AND hour < until AND hour < kept AND since < kept
            )
            WHERE host != ''
            GROUP BY host, at
        )
        GROUP BY host, cell
    )
    GROUP BY host
)
GROUP BY cells
ORDER BY hosts
