-- How a host fared in [from, to), a row for each `step` ms.
-- Columns: when it begins, in ms; load, CPU in use (share), memory and swap in use, bytes received and sent, CPU (ms) and
-- memory of its agent. Loads and sizes are means of the windows, the others sums.
-- Parameters: host, its id; from, to and step in ms.
SELECT
    intDiv(toUnixTimestamp64Milli(window), %(step)s) * %(step)s AS point,
    avg(load1), avg(cpu_ratio), avg(memory_used_bytes), avg(swap_used_bytes),
    sum(network_received_bytes), sum(network_sent_bytes), sum(agent_cpu_ms), avg(agent_rss_bytes)
FROM host_usage FINAL
WHERE host = %(host)s
    AND window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
GROUP BY point
ORDER BY point
