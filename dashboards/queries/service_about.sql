-- What a service is: its programs, where they ran in a range, as whom, and how many processes.
-- Parameters: service; host (id), "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
    processes AS
    (
        SELECT
            node, argMax(nodes.host, seen) AS on, argMax(name, seen) AS program, argMax(user, seen) AS as_user,
            argMax(unit, seen) AS in_unit, argMax(container, seen) AS in_container, argMax(exe, seen) AS file,
            argMax(nodes.started, seen) AS began
        FROM nodes
        WHERE hour >= toStartOfHour(since - INTERVAL 2 HOUR) AND hour < until
        GROUP BY node
        HAVING argMax(service, seen) = %(service)s AND %(host)s IN ('', on)
    )
SELECT
    called(on) AS host, toString(on) AS host_id, program, toString(as_user) AS user, toString(in_unit) AS unit,
    substring(in_container, 1, 12) AS container, toString(file) AS executable, count() AS processes,
    toDateTime(min(began), 'UTC') AS oldest, toDateTime(max(began), 'UTC') AS youngest
FROM processes
GROUP BY on, program, as_user, in_unit, in_container, file
ORDER BY processes DESC, host, program, executable
LIMIT 200
