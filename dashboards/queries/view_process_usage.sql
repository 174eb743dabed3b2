-- What processes used in [from, to), a row for each `step` ms, all of them together.
-- Columns: when it begins, in ms; CPU in ms a window, memory in bytes, open files and threads, means of the windows.
-- Parameters: nodes, ids of processes; from, to and step in ms.
SELECT
    intDiv(toUnixTimestamp64Milli(window), %(step)s) * %(step)s AS point,
    sum(cpu_) AS cpu, avg(rss) AS memory, avg(fds_) AS fds, avg(threads_) AS threads
FROM
(
    SELECT window, sum(cpu_ms) AS cpu_, sum(rss_bytes) AS rss, sum(fds) AS fds_, sum(threads) AS threads_
    FROM process_usage FINAL
    WHERE node IN %(nodes)s
        AND window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
    GROUP BY window
)
GROUP BY point
ORDER BY point
