-- For how long each collector of a host failed in a range, in seconds. None is no rows. Parameters: from, to in ms.
WITH failing AS
    (
        SELECT host, arrayJoin(mapKeys(failed)) AS collector, sum(width_ms) / 1000 AS seconds
        FROM host_usage FINAL
        WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
        GROUP BY host, collector
    )
SELECT
    toString(failing.host) AS host_id,
    if(told.hostname = '', host_id, told.hostname) AS host,
    collector,
    toFloat64(seconds) AS failed_seconds
FROM failing
LEFT JOIN (SELECT host, argMax(hostname, seen) AS hostname FROM hosts GROUP BY host) AS told ON told.host = failing.host
ORDER BY host_id, collector
LIMIT 100
