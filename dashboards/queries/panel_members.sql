-- The processes of a service in a range, included after panel_clock. A process is told of at least once an hour.
-- Parameters: service; host (id), "" for any.
    members AS
    (
        SELECT node, argMax(nodes.host, seen) AS member_host
        FROM nodes
        WHERE hour >= toStartOfHour(since - INTERVAL 2 HOUR) AND hour < until
        GROUP BY node
        HAVING argMax(service, seen) = %(service)s AND %(host)s IN ('', member_host)
    ),
