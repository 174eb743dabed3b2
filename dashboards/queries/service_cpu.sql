-- CPUs that a service's processes kept busy, by host.
-- Parameters: service; host (id), "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
-- include panel_members
    sums AS
    (
        SELECT intDiv(toUnixTimestamp64Milli(window), step) * step AS at, called(host) AS series, sum(cpu_ms) AS cpu
        FROM process_usage FINAL
        WHERE window >= since AND window < until AND node IN (SELECT node FROM members)
        GROUP BY at, series
    ),
    points AS (SELECT at, seconds, series FROM clock CROSS JOIN (SELECT DISTINCT series FROM sums) AS lines)
SELECT
    toDateTime(intDiv(points.at, 1000), 'UTC') AS time, points.series AS series,
    toFloat64(cpu / 1000 / seconds) AS value
FROM points
LEFT JOIN sums ON sums.at = points.at AND sums.series = points.series
ORDER BY time, series
