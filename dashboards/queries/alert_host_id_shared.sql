-- Which agents report under one host id, as the folds told it last: who else does beside the elder one. None is no rows.
-- The folds tell it again every hour while it is so. Parameters: from, to in ms.
WITH told AS
    (
        SELECT
            subject, object, max(host) AS id, argMax(kind, (time, kind)) AS last, argMax(detail, (time, kind)) AS words
        FROM events FINAL
        WHERE kind IN ('host_id_shared', 'host_id_unshared')
            AND time >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND time < fromUnixTimestamp64Milli(%(to)s, 'UTC')
        GROUP BY subject, object
    )
SELECT toString(id) AS host_id, words AS agents, toFloat64(1) AS shared
FROM told
WHERE last = 'host_id_shared'
ORDER BY host_id, agents
LIMIT 100
