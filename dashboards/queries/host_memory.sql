-- A host's memory and swap, bytes.
-- Parameters: host (id); from, to in ms; interval in s.
WITH
-- include panel_clock
    points AS
    (
        SELECT
            intDiv(toUnixTimestamp64Milli(window), step) * step AS at,
            max(memory_used_bytes) AS used, max(memory_total_bytes) AS total, max(swap_used_bytes) AS swap
        FROM host_usage FINAL
        WHERE host = %(host)s AND window >= since AND window < until
        GROUP BY at
    )
SELECT toDateTime(intDiv(at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2) AS value
FROM points
ARRAY JOIN [('used', used), ('total', total), ('swap', swap)] AS point
ORDER BY time, series
