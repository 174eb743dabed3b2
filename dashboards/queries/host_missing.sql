-- What the agents could not see in the last window that each told of, and what it would need; or that a collector
-- failed, and why.
-- Parameters: host (id), "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
    last AS
    (
        SELECT host AS on, argMax(missing, window) AS lacking,
            mapApply((topic, why) -> (concat(topic, ': the collector failed'), why), argMax(failed, window)) AS failing
        FROM host_usage FINAL
        WHERE window >= greatest(since, until - INTERVAL 1 HOUR) AND window < until AND %(host)s IN ('', host)
        GROUP BY on
    )
SELECT called(on) AS host, toString(on) AS host_id, lack.1 AS what, lack.2 AS needs
FROM last
ARRAY JOIN CAST(mapUpdate(lacking, failing), 'Array(Tuple(String, String))') AS lack
ORDER BY host, what
LIMIT 500
