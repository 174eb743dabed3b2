-- The processes of a service that used anything in a range: mean CPUs, greatest memory and descriptors.
-- Parameters: service; host (id), "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
-- include panel_members
    used AS
    (
        SELECT
            node, sum(cpu_ms) / 1000 / recorded_seconds AS busy, max(rss_bytes) AS held, max(fds) AS files,
            max(threads) AS strands
        FROM process_usage FINAL
        WHERE window >= since AND window < until AND node IN (SELECT node FROM members)
        GROUP BY node
    ),
    known AS
    (
        SELECT
            node, argMax(nodes.host, seen) AS on, argMax(nodes.pid, seen) AS number, argMax(name, seen) AS program,
            argMax(nodes.user, seen) AS as_user, argMax(nodes.started, seen) AS began, argMax(cmdline, seen) AS words
        FROM nodes
        WHERE hour >= toStartOfHour(since - INTERVAL 2 HOUR) AND hour < until AND node IN (SELECT node FROM used)
        GROUP BY node
    )
SELECT
    called(on) AS host, toString(on) AS host_id, number AS pid, program, toString(as_user) AS user,
    toDateTime(began, 'UTC') AS started, toFloat64(busy) AS cpus, toFloat64(held) AS memory,
    toInt32(files) AS descriptors, toUInt32(strands) AS threads, substring(words, 1, 200) AS command
FROM known
INNER JOIN used ON used.node = known.node
ORDER BY cpus DESC, host, pid
LIMIT 200
