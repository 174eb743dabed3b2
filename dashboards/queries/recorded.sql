-- What agents recorded of [from, to): hosts, and when each cell of `grain` ms begins of which they recorded so many ms. Hosts
-- that recorded the same share a row. Heartbeats say so; they are stored some windows after edges, so that of the newest
-- windows edges say it. Parameters: from, to and grain in ms.
WITH
    fromUnixTimestamp64Milli(toInt64(%(from)s), 'UTC') AS since,
    fromUnixTimestamp64Milli(toInt64(%(to)s), 'UTC') AS until,
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
            SELECT host, at, max(width_ms) AS width
            FROM
            (
                SELECT host, toUnixTimestamp64Milli(window) AS at, toInt64(width_ms) AS width_ms
                FROM host_usage
                WHERE window >= since AND window < until
                UNION ALL
                SELECT arrayJoin([if(a_seen, a_host, ''), if(b_seen, b_host, '')]) AS host,
                    toUnixTimestamp64Milli(window) AS at, toInt64(width_ms) AS width_ms
                FROM edges
                WHERE window > beaten AND window >= since AND window < until AND toUnixTimestamp64Milli(beaten) > 0
            )
            WHERE host != ''
            GROUP BY host, at
        )
        GROUP BY host, cell
    )
    GROUP BY host
)
GROUP BY cells
