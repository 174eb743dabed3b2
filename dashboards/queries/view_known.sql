-- The edges of a level that were there in [from, to): client, server, transport, server's port. What is not merged yet does
-- no harm here, and to merge it would take half of the time.
-- Parameters: level (process, service, container or host); from, to in ms.
WITH
-- include map_told
-- include map_level
    known AS
    (
        SELECT
            client, client_service, client_host, client_container, server, server_service, server_host, server_container,
            transport, server_port
        FROM edges_1h
        WHERE hour >= told[3] AND hour < told[4] AND NOT gone
        UNION ALL
        SELECT
            client, client_service, client_host, client_container, server, server_service, server_host, server_container,
            transport, server_port
        FROM edges_1m
        WHERE minute >= told[1] AND minute < told[2] AND (minute < told[3] OR minute >= told[4]) AND NOT gone
        UNION ALL
        SELECT
            if(b_serves, a_id, b_id), if(b_serves, a_parts[4], b_parts[4]), if(b_serves, a_parts[2], b_parts[2]),
            if(b_serves, a_parts[6], b_parts[6]),
            if(b_serves, b_id, a_id), if(b_serves, b_parts[4], a_parts[4]), if(b_serves, b_parts[2], a_parts[2]),
            if(b_serves, b_parts[6], a_parts[6]),
            transport, port
        FROM
        (
            SELECT
-- include map_ends
                transport, verdict %% 2 = 1 AS b_serves, if(b_serves, b_port, a_port) AS port
            FROM edges
            WHERE window >= since AND window < until AND (window < told[1] OR window >= told[2]) AND (a_seen OR b_seen)
            GROUP BY transport, b_serves, port, a_who, a_scope, a_address, b_who, b_scope, b_address
        )
    )
SELECT DISTINCT
    at_level(client, client_service, client_host, client_container) AS c,
    at_level(server, server_service, server_host, server_container) AS s,
    transport, server_port
FROM known
