-- A host in numbers over a range: one row. What a host has not told is 0; cpu and memory are shares.
-- Parameters: host (id); from, to in ms; interval in s.
WITH
-- include panel_clock
    used AS
    (
        SELECT * FROM host_usage FINAL WHERE host = %(host)s AND window >= since AND window < until
    )
SELECT
    toFloat64(ifNotFinite(avg(cpu_ratio), 0)) AS cpu,
    toFloat64(argMax(memory_used_bytes, window) / greatest(argMax(memory_total_bytes, window), 1)) AS memory,
    toFloat64(argMax(load1, window)) AS load,
    toFloat64(greatest(sum(width_ms) / 1000 / range_seconds, 0)) AS told,
    toFloat64(ifNotFinite(sum(agent_cpu_ms) / sum(width_ms), 0)) AS agent_cpu,
    toFloat64(argMax(agent_rss_bytes, window)) AS agent_memory,
    toFloat64(length(argMax(missing, window)) + length(argMax(failed, window))) AS missing
FROM used
