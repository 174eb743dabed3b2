-- The same as recorded of what is too old for heartbeats to be kept: the hours in which a host saw an edge.
-- Parameters: from, to and grain in ms.
SELECT groupArray(host) AS hosts, cells
FROM
(
    SELECT host, arraySort(groupArray((cell, ms))) AS cells
    FROM
    (
        SELECT host, intDiv(at, %(grain)s) * %(grain)s AS cell, least(%(grain)s, 3600000 * count()) AS ms
        FROM
        (
            SELECT DISTINCT
                arrayJoin([if(seen_by_client, client_host, ''), if(seen_by_server, server_host, '')]) AS host,
                toUnixTimestamp64Milli(hour) AS at
            FROM edges_1h
            WHERE hour >= fromUnixTimestamp64Milli(toInt64(%(from)s), 'UTC')
                AND hour < fromUnixTimestamp64Milli(toInt64(%(to)s), 'UTC')
        )
        WHERE host != ''
        GROUP BY host, cell
    )
    GROUP BY host
)
GROUP BY cells
