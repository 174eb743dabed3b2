-- Resident memory of the agent, bytes.
-- Parameters: host (id); from, to in ms; interval in s.
WITH
-- include panel_clock
    points AS
    (
        SELECT
            intDiv(toUnixTimestamp64Milli(window), step) * step AS at,
            max(agent_rss_bytes) AS held
        FROM host_usage FINAL
        WHERE host = %(host)s AND window >= since AND window < until
        GROUP BY at
    )
SELECT toDateTime(intDiv(at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2) AS value
FROM points
ARRAY JOIN [('agent', held)] AS point
ORDER BY time, series
