-- The edges of the map that carried most in a range. Rates are a second.
-- Parameters: level; service and host (id), "" for any, of either end; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
-- include panel_level
-- include panel_edges
    range_seconds AS elapsed
SELECT
    titled(at_level(client, client_service, client_host, client_container, client_address) AS client_id) AS client_name,
    titled(at_level(server, server_service, server_host, server_container, server_address) AS server_id) AS server_name,
    toString(server_port) AS port, toString(transport) AS protocol,
    toFloat64(sum(opened) / elapsed) AS connections, toFloat64(sum(active_seconds) / elapsed) AS open,
    toFloat64(sum(failed)) AS failures,
    toFloat64(sum(asked_bytes) / elapsed) AS asked, toFloat64(sum(answered_bytes) / elapsed) AS answered,
    toFloat64(sum(client_retransmits + server_retransmits)) AS again,
    toFloat64(max(greatest(client_rtt_us, server_rtt_us))) AS rtt,
    client_id, server_id
FROM pairs
WHERE %(service)s IN ('', client_service, server_service) AND %(host)s IN ('', client_host, server_host)
GROUP BY client_id, server_id, transport, server_port
ORDER BY asked + answered DESC, client_id, server_id, port
LIMIT 100
