-- `usually`, the sketches of the answers in the hour before `since`, by who talks to whom: services, or what has none.
-- Included after map_told and health.
    greatest(
        toStartOfMinute(since - toIntervalMillisecond(limit_usual_ms)),
        least(toStartOfMinute(since), (SELECT max(minute) + INTERVAL 1 MINUTE FROM edges_1m))) AS usual_told,
    usually AS
    (
        SELECT caller, callee, transport, server_port, sumMap(latency) AS usual
        FROM
        (
            SELECT
                if(client_service != '', client_service, client) AS caller,
                if(server_service != '', server_service, server) AS callee, transport, server_port, latency
            FROM requests_1m FINAL
            WHERE minute >= since - toIntervalMillisecond(limit_usual_ms) AND minute < usual_told
            UNION ALL
            SELECT
                if(client_service != '', client_service, client) AS caller,
                if(server_service != '', server_service, server) AS callee, transport, server_port, latency
            FROM process_requests
            WHERE window >= usual_told AND window < since
        )
        GROUP BY caller, callee, transport, server_port
    ),
