-- An edge by port: who serves and how that is known, which sides saw it, how many processes, and its sums of a range; of
-- HTTP how many requests, the share that failed and the time, ms, that 95 %% of the answers kept, NULL where none is seen.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
-- include panel_edges
-- include map_requests
-- include panel_level
-- include panel_edge
-- include panel_between
    ['unknown', 'port', 'connected', 'listener'] AS rules
SELECT
    titled(%(client)s) AS client_name, titled(%(server)s) AS server_name,
    toString(server_port) AS on_port, toString(transport) AS protocol,
    rules[max(arrayMax(arrayMap(rule -> indexOf(rules, rule), rules_used)))] AS known_by,
    multiIf(max(seen_by_client) AND max(seen_by_server), 'both', max(seen_by_client), 'the client', 'the server') AS seen_by,
    uniqExact(client) AS clients, uniqExact(server) AS servers,
    toFloat64(nullIf(sum(asked_times), 0)) AS requests, sum(asked_wrong) / nullIf(sum(asked_times), 0) AS errors,
    within_ms(mapKeys(sumMap(sketch)), arrayCumSum(mapValues(sumMap(sketch))), 0.95) AS latency,
    toFloat64(sum(opened)) AS connections, toFloat64(sum(failed)) AS failures,
    toFloat64(sum(asked_bytes)) AS asked, toFloat64(sum(answered_bytes)) AS answered,
    toDateTime(intDiv(min(first_at), 1000), 'UTC') AS first, toDateTime(intDiv(max(last_at), 1000), 'UTC') AS last
FROM between
GROUP BY transport, server_port
ORDER BY asked + answered DESC, on_port, protocol
LIMIT 200
