-- The processes that are a service, run in a container or on a host, or are named, and were seen in [from, to) or shortly
-- before; the latest first. Columns as in map_processes.sql.
-- Parameters: nodes, ids of processes; services; containers, each host:container; hosts; from, to in ms; most, how many.
WITH
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    fromUnixTimestamp64Milli(%(to)s, 'UTC') AS until
-- include map_process
    WHERE hour >= toStartOfHour(since - INTERVAL 2 HOUR) AND hour < until
        AND (node IN %(nodes)s
            OR (seen >= since - INTERVAL 1 MINUTE AND started < until
                AND ((service != '' AND service IN %(services)s) OR concat(host, ':', container) IN %(containers)s
                    OR host IN %(hosts)s)))
    GROUP BY node
)
ORDER BY last_seen DESC, id
LIMIT %(most)s
