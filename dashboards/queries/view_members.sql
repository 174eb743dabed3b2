-- The processes that are a service, run in a container or on a host, or are named, and were seen in [from, to) or shortly
-- before; the latest first. Columns as in map_processes.sql.
-- Parameters: nodes, ids of processes; services; containers, each host:container; hosts; from, to in ms; most, how many.
WITH
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    fromUnixTimestamp64Milli(%(to)s, 'UTC') AS until
SELECT
    node, argMax(host, seen), argMax(hostname, seen), argMax(pid, seen),
    toUnixTimestamp64Milli(argMax(nodes.started, seen)), argMax(parent, seen), argMax(service, seen), argMax(name, seen),
    argMax(user, seen), argMax(exe, seen), argMax(cmdline, seen), argMax(container, seen), argMax(unit, seen)
FROM nodes
WHERE hour >= toStartOfHour(since - INTERVAL 2 HOUR) AND hour < until
    AND (node IN %(nodes)s
        OR (seen >= since - INTERVAL 1 MINUTE AND started < until
            AND ((service != '' AND service IN %(services)s) OR concat(host, ':', container) IN %(containers)s
                OR host IN %(hosts)s)))
GROUP BY node
ORDER BY max(seen) DESC, node
LIMIT %(most)s
