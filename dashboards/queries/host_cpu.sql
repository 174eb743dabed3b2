-- The busy share of a host's CPUs, 0 to 1: the mean of each point, and its busiest window.
-- Parameters: host (id); from, to in ms; interval in s.
WITH
-- include panel_clock
    points AS
    (
        SELECT
            intDiv(toUnixTimestamp64Milli(window), step) * step AS at,
            avg(cpu_ratio) AS mean, max(cpu_ratio) AS most
        FROM host_usage FINAL
        WHERE host = %(host)s AND window >= since AND window < until
        GROUP BY at
    )
SELECT toDateTime(intDiv(at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2) AS value
FROM points
ARRAY JOIN [('mean', mean), ('busiest window', toFloat64(most))] AS point
ORDER BY time, series
