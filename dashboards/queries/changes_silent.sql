-- Hosts that told nothing at the end of a range: when they were last heard, and for how long they have been silent, s.
-- A host is looked for in the day before the range too, and silent after six windows.
-- Parameters: from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
    heard AS
    (
        SELECT host AS on, max(window) AS newest_window, max(width_ms) AS width
        FROM host_usage
        WHERE window >= since - INTERVAL 1 DAY AND window < until
        GROUP BY on
    )
SELECT
    called(on) AS host, toString(on) AS host_id, toDateTime(newest_window, 'UTC') AS heard,
    toFloat64((least(toInt64(%(to)s), toInt64(toUnixTimestamp(now())) * 1000) - toUnixTimestamp64Milli(newest_window) - width) / 1000) AS silent
FROM heard
WHERE silent > 6 * width / 1000
ORDER BY silent DESC, host
LIMIT 500
