-- Who came and went in [from, to), newest first: processes that serve and started or exited, others with connections
-- that lived for a while and exited, agents and their collectors: time in ms, kind, subject, service, detail. What is still
-- so at the end is among them, whenever it began: a collector that fails, a host that says nothing, an id that is shared.
-- Parameters: from, to in ms; most, how many.
WITH
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    fromUnixTimestamp64Milli(%(to)s, 'UTC') AS until,
    (
        SELECT count() FROM events
        WHERE time >= since AND time < until AND kind IN ('process_started', 'process_exited')
    ) AS processes,
    -- Not read at all where no process came or went.
    ends AS
    (
        SELECT end.1 AS node, max(end.2) AS serves
        FROM
        (
            SELECT DISTINCT verdict %% 2 AS b_serves, a_who, b_who FROM edges
            WHERE processes > 0 AND window >= since - INTERVAL 1 MINUTE AND window < until
        )
        ARRAY JOIN [(splitByChar('\t', a_who)[3], 1 - b_serves), (splitByChar('\t', b_who)[3], b_serves)] AS end
        GROUP BY node
    ),
    settled AS
    (
        SELECT node FROM nodes
        WHERE processes > 0 AND hour >= toStartOfHour(since - INTERVAL 1 HOUR) AND hour < until AND seen - started >= 30
    )
SELECT toUnixTimestamp64Milli(at) AS time, kind, subject, service, detail
FROM
(
    SELECT time AS at, kind, subject, service, detail
    FROM events FINAL
    WHERE time >= since AND time < until
        AND (kind IN ('host_silent', 'gap', 'window_incomplete', 'agent_started', 'host_id_shared', 'host_id_unshared',
                'collector_failed', 'collector_recovered')
            OR (kind IN ('process_started', 'process_exited') AND (subject, 1) IN ends)
            OR (kind = 'process_exited' AND (subject, 0) IN ends AND subject IN settled))
    UNION ALL
    -- What was told before and is still so; it is told every hour.
    SELECT max(events.time) AS time, 'host_id_shared' AS kind, subject, '' AS service, argMax(detail, (events.time, kind))
    FROM events FINAL
    WHERE events.time >= until - INTERVAL 2 HOUR AND events.time < until
        AND events.kind IN ('host_id_shared', 'host_id_unshared')
    GROUP BY subject, object
    HAVING argMax(events.kind, (events.time, events.kind)) = 'host_id_shared' AND time < since
    UNION ALL
    SELECT last AS time, state.1 AS kind, concat('host:', host) AS subject, '' AS service, state.2 AS detail
    FROM
    (
        SELECT beats.host AS host, last, failing, if(hostname != '', hostname, host) AS name
        FROM
        (
            SELECT toString(host) AS host, max(window) AS last, argMax(failed, (window, length(failed))) AS failing
            FROM host_usage
            WHERE window >= until - INTERVAL 1 HOUR AND window < until
            GROUP BY host
        ) AS beats
        LEFT JOIN (SELECT toString(host) AS host, hostname FROM hosts FINAL) AS known USING (host)
    )
    ARRAY JOIN if(last < until - INTERVAL 1 MINUTE,
        [('host_silent', concat('no report from ', name, ' since ', formatDateTime(last, '%%H:%%i:%%S', 'UTC'), ' UTC'))],
        arrayMap((topic, reason) -> ('collector_failed', concat('the collector of ', topic, ' on ', name, ' fails: ', reason)),
            mapKeys(failing), mapValues(failing))) AS state
    WHERE (kind, subject) NOT IN (
        SELECT kind, subject FROM events
        WHERE time >= since AND time < until AND kind IN ('host_silent', 'collector_failed'))
)
ORDER BY at DESC, kind, subject
LIMIT %(most)s
