-- A host's load average over one minute, the greatest of each point.
-- Parameters: host (id); from, to in ms; interval in s.
WITH
-- include panel_clock
    points AS
    (
        SELECT
            intDiv(toUnixTimestamp64Milli(window), step) * step AS at,
            max(load1) AS load
        FROM host_usage FINAL
        WHERE host = %(host)s AND window >= since AND window < until
        GROUP BY at
    )
SELECT toDateTime(intDiv(at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2) AS value
FROM points
ARRAY JOIN [('load', load)] AS point
ORDER BY time, series
