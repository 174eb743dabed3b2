-- Every host by its own last word, and how it fared in its last window of [from, to).
-- Parameters: from, to in ms.
WITH
    used AS
    (
        SELECT
            host, toUnixTimestamp64Milli(max(window) + toIntervalMillisecond(argMax(width_ms, window))) AS heard,
            argMax(load1, window) AS load1, argMax(cpu_ratio, window) AS cpu_ratio,
            argMax(memory_used_bytes, window) AS memory_used_bytes, argMax(missing, window) AS missing,
            argMax(failed, window) AS failed
        FROM host_usage FINAL
        WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
        GROUP BY host
    )
SELECT
    host, hostname, os, kernel, arch, cpus, memory_bytes, toUnixTimestamp64Milli(booted) AS booted_ms, agent_version,
    addresses, labels, toUnixTimestamp64Milli(seen) AS reported_ms, used.heard AS last_window_ms,
    used.load1 AS load1, used.cpu_ratio AS cpu_ratio, used.memory_used_bytes AS memory_used_bytes,
    used.missing AS missing, used.failed AS failed
FROM (SELECT * FROM hosts FINAL) AS told
LEFT JOIN used USING (host)
ORDER BY hostname, host
