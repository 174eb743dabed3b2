-- Who calls a service (role clients), or whom it calls (role servers): one row a peer and port. Rates are a second;
-- requests, errors and latency are of HTTP, as in edge_top, and NULL where none is seen.
-- Parameters: role; level; service; host (id) of the service's end, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
-- include panel_level
-- include panel_edges
-- include map_requests
-- include panel_service
    %(role)s = 'clients' AS up,
    pair AS (SELECT * FROM mine WHERE if(up, serves, calls)),
-- include panel_between
    edges_of AS
    (
        SELECT
            *,
            at_level(client, client_service, client_host, client_container, client_address) AS client_node,
            at_level(server, server_service, server_host, server_container, server_address) AS server_node
        FROM between
    )
SELECT
    titled(if(up, client_node, server_node)) AS peer,
    if(up, any(client_service), any(server_service)) AS service,
    toString(server_port) AS port, toString(transport) AS protocol,
    nullIf(sum(asked_times) / recorded_seconds, 0) AS requests, sum(asked_wrong) / nullIf(sum(asked_times), 0) AS errors,
    within_ms(mapKeys(sumMap(sketch)), arrayCumSum(mapValues(sumMap(sketch))), 0.95) AS latency,
    toFloat64(sum(opened) / recorded_seconds) AS connections, toFloat64(sum(active_seconds) / recorded_seconds) AS open,
    toFloat64(sum(failed)) AS failures,
    toFloat64(sum(asked_bytes) / recorded_seconds) AS asked, toFloat64(sum(answered_bytes) / recorded_seconds) AS answered,
    toFloat64(sum(retransmits)) AS again, toFloat64(max(rtt_us)) AS rtt,
    client_node AS client_id, server_node AS server_id
FROM edges_of
GROUP BY client_node, server_node, transport, server_port
ORDER BY asked + answered DESC, peer, port
LIMIT 200
