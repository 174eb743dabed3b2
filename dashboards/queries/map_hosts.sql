-- The name of each host, by its last word.
-- Parameters: from, to in ms.
SELECT host, argMax(hostname, seen) AS name
FROM
(
    SELECT host, hostname, seen FROM hosts
    UNION ALL
    SELECT host, hostname, seen FROM nodes
    WHERE hour >= fromUnixTimestamp64Milli(%(from)s, 'UTC') - INTERVAL 2 HOUR
        AND hour < fromUnixTimestamp64Milli(%(to)s, 'UTC')
)
GROUP BY host
ORDER BY host
