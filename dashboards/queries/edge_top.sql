-- The edges of the map that carried most in a range. Rates are a second; requests, the share of them that failed and the
-- time, ms, that 95 %% of the answers kept are of HTTP, and NULL where none is seen.
-- Parameters: level; service and host (id), "" for any, of either end; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
-- include panel_level
-- include panel_edges
-- include map_requests
    pair AS
    (
        SELECT *
        FROM pairs
        WHERE %(service)s IN ('', client_service, server_service) AND %(host)s IN ('', client_host, server_host)
    ),
-- include panel_between
    recorded_seconds AS elapsed
SELECT
    titled(at_level(client, client_service, client_host, client_container, client_address) AS client_id) AS client_name,
    titled(at_level(server, server_service, server_host, server_container, server_address) AS server_id) AS server_name,
    toString(server_port) AS port, toString(transport) AS protocol,
    nullIf(sum(asked_times) / elapsed, 0) AS requests, sum(asked_wrong) / nullIf(sum(asked_times), 0) AS errors,
    within_ms(mapKeys(sumMap(sketch)), arrayCumSum(mapValues(sumMap(sketch))), 0.95) AS latency,
    toFloat64(sum(opened) / elapsed) AS connections, toFloat64(sum(active_seconds) / elapsed) AS open,
    toFloat64(sum(failed)) AS failures,
    toFloat64(sum(asked_bytes) / elapsed) AS asked, toFloat64(sum(answered_bytes) / elapsed) AS answered,
    toFloat64(sum(retransmits)) AS again, toFloat64(max(rtt_us)) AS rtt,
    client_id, server_id
FROM between
GROUP BY client_id, server_id, transport, server_port
ORDER BY asked + answered DESC, client_id, server_id, port
LIMIT 100
