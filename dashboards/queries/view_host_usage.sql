-- How a host fared in [from, to), a row for each `step` ms.
-- Columns: when it begins, in ms; load, CPU in use (share), memory and swap in use, bytes received and sent, CPU (ms) and
-- memory of its agent. Loads and sizes are means of the windows, the others sums.
-- Parameters: host, its id; from, to and step in ms.
SELECT
    intDiv(toUnixTimestamp64Milli(window), %(step)s) * %(step)s AS point,
    avg(load1) AS load, avg(cpu_ratio) AS cpu, avg(memory_used_bytes) AS memory, avg(swap_used_bytes) AS swap,
    sum(network_received_bytes) AS network_in, sum(network_sent_bytes) AS network_out,
    sum(agent_cpu_ms) AS agent_cpu, avg(agent_rss_bytes) AS agent_memory
FROM host_usage FINAL
WHERE host = %(host)s
    AND window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
GROUP BY point
ORDER BY point
