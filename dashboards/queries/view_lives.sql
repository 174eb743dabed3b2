-- Who came and went in [from, to), newest first: processes that serve and started or exited, others with connections
-- that lived for a while and exited, and agents: time in ms, kind, subject, service, detail.
-- Parameters: from, to in ms; most, how many.
WITH
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    fromUnixTimestamp64Milli(%(to)s, 'UTC') AS until,
    servers AS
    (
        SELECT if(verdict %% 2 = 1, b_node, a_node) AS node FROM edges
        WHERE window >= since - INTERVAL 1 MINUTE AND window < until
    ),
    clients AS
    (
        SELECT if(verdict %% 2 = 1, a_node, b_node) AS node FROM edges
        WHERE window >= since - INTERVAL 1 MINUTE AND window < until
    ),
    settled AS
    (
        SELECT node FROM nodes
        WHERE hour >= toStartOfHour(since - INTERVAL 1 HOUR) AND hour < until AND seen - started >= 30
    )
SELECT toUnixTimestamp64Milli(time), kind, subject, service, detail
FROM events FINAL
WHERE time >= since AND time < until
    AND (kind IN ('host_silent', 'agent_started')
        OR (kind IN ('process_started', 'process_exited') AND subject IN servers)
        OR (kind = 'process_exited' AND subject IN clients AND subject IN settled))
ORDER BY time DESC, kind, subject
LIMIT %(most)s
