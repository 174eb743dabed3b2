-- Bytes a second on all of a host's interfaces but loopback.
-- Parameters: host (id); from, to in ms; interval in s.
WITH
-- include panel_clock
    points AS
    (
        SELECT
            intDiv(toUnixTimestamp64Milli(window), step) * step AS at,
            sum(network_received_bytes) / sum(width_ms) * 1000 AS received, sum(network_sent_bytes) / sum(width_ms) * 1000 AS sent
        FROM host_usage FINAL
        WHERE host = %(host)s AND window >= since AND window < until
        GROUP BY at
    )
SELECT toDateTime(intDiv(at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2) AS value
FROM points
ARRAY JOIN [('received', received), ('sent', sent)] AS point
ORDER BY time, series
