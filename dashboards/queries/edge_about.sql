-- An edge by port: who serves and how that is known, which sides saw it, how many processes, and its sums of a range.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
-- include panel_edges
-- include panel_level
-- include panel_edge
    ['unknown', 'port', 'connected', 'listener'] AS rules
SELECT
    titled(%(client)s) AS client_name, titled(%(server)s) AS server_name,
    toString(server_port) AS on_port, toString(transport) AS protocol,
    rules[max(indexOf(rules, rule))] AS known_by,
    multiIf(max(seen_by_client) AND max(seen_by_server), 'both', max(seen_by_client), 'the client', 'the server') AS seen_by,
    uniqExact(pair.client) AS clients, uniqExact(pair.server) AS servers,
    toFloat64(sum(opened)) AS connections, toFloat64(sum(pair.failed)) AS failures,
    toFloat64(sum(asked_bytes)) AS asked, toFloat64(sum(answered_bytes)) AS answered,
    toDateTime(intDiv(min(at), 1000), 'UTC') AS first, toDateTime(intDiv(max(at), 1000), 'UTC') AS last
FROM pair
GROUP BY transport, server_port
ORDER BY asked + answered DESC, on_port, protocol
LIMIT 200
