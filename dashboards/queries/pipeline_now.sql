-- The pipeline in numbers: one row. How late the newest stored facts and edges are at the end of the range, s; hosts
-- that told of it, and those of the day before that are silent; rows a second that the agents told and the store holds.
-- Parameters: from, to in ms; interval in s.
WITH
-- include panel_clock
    least(toInt64(%(to)s), toInt64(toUnixTimestamp(now())) * 1000) / 1000 AS present,
    heard AS
    (
        SELECT host, max(toUnixTimestamp64Milli(window) + width_ms) / 1000 AS told
        FROM host_usage WHERE window >= since - INTERVAL 1 DAY AND window < until GROUP BY host
    )
SELECT
    toFloat64(greatest(present - max(told), 0)) AS facts_late,
    toFloat64(greatest(present - ifNull((
        SELECT max(toUnixTimestamp64Milli(window) + width_ms) / 1000 FROM edges WHERE window >= since AND window < until
    ), 0), 0)) AS edges_late,
    toFloat64(countIf(told >= present - 60)) AS telling,
    toFloat64(countIf(told < present - 60)) AS silent,
    toFloat64(ifNull((SELECT count() FROM edges WHERE window >= since AND window < until), 0) / range_seconds) AS edge_rows,
    toFloat64(ifNull((SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()), 0)) AS stored
FROM heard
HAVING count() > 0
