-- Follows map_requests: `asked`, the same rows with their ends `c` and `s` as nodes of a level, as in view_ended.
-- Parameters: level.
-- include map_level
    asked AS
    (
        SELECT
            toUnixTimestamp64Milli(begins) AS at,
            at_level(client, client_service, client_host, client_container) AS c,
            at_level(server, server_service, server_host, server_container) AS s,
            transport, server_port AS port, requests, errors, given_up, latency
        FROM requested
    )
