-- The newest events in [from, to) that a node or an edge has to do with, oldest first: their time in ms, kind, subject,
-- object, host, service and detail.
-- Parameters: subjects, their node ids; services and hosts, what else to look for: a service's or a host's events are
-- those of its processes too. Empty lists and `all` = 1 for whatever happened. from, to in ms; most, how many.
SELECT at AS time, kind, subject, object, host, service, detail
FROM
(
    SELECT toUnixTimestamp64Milli(time) AS at, kind, subject, object, host, service, detail
    FROM events FINAL
    WHERE time >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND time < fromUnixTimestamp64Milli(%(to)s, 'UTC')
        AND (%(all)s = 1 OR subject IN %(subjects)s OR object IN %(subjects)s
            OR (service != '' AND service IN %(services)s) OR host IN %(hosts)s)
    ORDER BY time DESC, kind, subject, object
    LIMIT %(most)s
)
ORDER BY at, kind, subject, object
