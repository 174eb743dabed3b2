-- The edges of a level that were there in [from, to): client, server, transport, server's port. What is not merged yet does
-- no harm here, and to merge it would take half of the time.
-- Parameters: level (process, service, container or host); from, to in ms.
WITH
-- include map_told
-- include map_level
    known AS
    (
        SELECT
            client AS client_, client_service, client_host, client_container,
            server AS server_, server_service, server_host, server_container,
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
            if(b_serves, whom[1][9], whom[2][9]), if(b_serves, whom[1][4], whom[2][4]), if(b_serves, whom[1][2], whom[2][2]),
            if(b_serves, whom[1][6], whom[2][6]),
            if(b_serves, whom[2][9], whom[1][9]), if(b_serves, whom[2][4], whom[1][4]), if(b_serves, whom[2][2], whom[1][2]),
            if(b_serves, whom[2][6], whom[1][6]),
            transport, port
        FROM
        (
            SELECT
                flows.*,
-- include map_ends
            FROM
            (
                SELECT
                    transport, transport AS transport_, verdict %% 2 = 1 AS b_serves, if(b_serves, b_port, a_port) AS port,
-- include map_unsaid
                    count()
                FROM edges
                WHERE window >= since AND window < until AND (window < told[1] OR window >= told[2]) AND (a_seen OR b_seen)
                GROUP BY
                    transport, b_serves, port, a_who, a_scope, a_address, b_who, b_scope, b_address, unsaid, missed
            ) AS flows
-- include map_placed
        )
    )
SELECT DISTINCT
    at_level(client_, client_service, client_host, client_container) AS client,
    at_level(server_, server_service, server_host, server_container) AS server,
    transport, server_port
FROM known
