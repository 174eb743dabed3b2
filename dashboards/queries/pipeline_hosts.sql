-- Every host that told anything in a range or the day before: how late its last word is at the end of the range, s; which
-- share of the range it told; what its agent is and uses; errors and drops since the agent started.
-- Parameters: from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
    least(toInt64(%(to)s), toInt64(toUnixTimestamp(now())) * 1000) / 1000 AS present,
    heard AS
    (
        SELECT
            host AS on, max(window) AS newest_window, argMax(width_ms, window) AS width,
            sumIf(width_ms, window >= since) / 1000 / range_seconds AS share,
            sumIf(agent_cpu_ms, window >= since) / greatest(sumIf(width_ms, window >= since), 1) AS busy,
            argMax(agent_rss_bytes, window) AS held, argMax(missing, window) AS lacking,
            argMax(failed, window) AS failing, argMax(counters, window) AS counted
        FROM host_usage FINAL
        WHERE window >= since - INTERVAL 1 DAY AND window < until
        GROUP BY on
    )
SELECT
    called(on) AS host, toString(on) AS host_id, toDateTime(newest_window, 'UTC') AS heard,
    toFloat64(greatest(present - toUnixTimestamp64Milli(newest_window) / 1000 - width / 1000, 0)) AS late,
    toFloat64(least(share, 1)) AS told, toFloat64(busy) AS agent_cpu, toFloat64(held) AS agent_memory,
    length(lacking) + length(failing) AS unseen, toFloat64(arraySum(mapValues(counted))) AS errors
FROM heard
ORDER BY late DESC, host
LIMIT 500
