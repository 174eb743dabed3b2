-- Resident memory of a service's processes, bytes, by host: the greatest of each process in each point, summed. Points
-- must not be narrower than a minute: a process that changes nothing is told of once a minute.
-- Parameters: service; host (id), "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
-- include panel_members
    processes AS
    (
        SELECT
            intDiv(toUnixTimestamp64Milli(window), step) * step AS at, host AS on, node, max(rss_bytes) AS held
        FROM process_usage FINAL
        WHERE window >= since AND window < until AND node IN (SELECT node FROM members)
        GROUP BY at, on, node
    )
SELECT toDateTime(intDiv(at, 1000), 'UTC') AS time, called(on) AS series, toFloat64(sum(held)) AS value
FROM processes
GROUP BY time, series
ORDER BY time, series
