-- The services of a host in a range: mean CPUs, and the greatest memory and descriptors of their processes, summed.
-- Parameters: host (id); from, to in ms; interval in s.
WITH
-- include panel_clock
    known AS
    (
        SELECT node, argMax(service, seen) AS of
        FROM nodes
        WHERE hour >= toStartOfHour(since - INTERVAL 2 HOUR) AND hour < until AND host = %(host)s
        GROUP BY node
    ),
    used AS
    (
        SELECT node, sum(cpu_ms) / 1000 / recorded_seconds AS busy, max(rss_bytes) AS held, max(fds) AS files
        FROM process_usage FINAL
        WHERE window >= since AND window < until AND node IN (SELECT node FROM known)
        GROUP BY node
    )
SELECT
    toString(of) AS service, count() AS processes, toFloat64(sum(busy)) AS cpus, toFloat64(sum(held)) AS memory,
    toFloat64(sumIf(files, files > 0)) AS descriptors
FROM known
INNER JOIN used ON used.node = known.node
GROUP BY service
ORDER BY cpus DESC, service
LIMIT 200
