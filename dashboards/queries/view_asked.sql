-- Follows map_requests: `asked`, the same rows with their ends `c` and `s` as nodes of a level, process, service or host.
-- Parameters: level.
    asked AS
    (
        SELECT
            toUnixTimestamp64Milli(begins) AS at,
            multiIf(
                %(level)s = 'service' AND client_service != '', concat('service:', client_service),
                %(level)s = 'host' AND client_host != '', concat('host:', client_host),
                client) AS c,
            multiIf(
                %(level)s = 'service' AND server_service != '', concat('service:', server_service),
                %(level)s = 'host' AND server_host != '', concat('host:', server_host),
                server) AS s,
            transport, server_port AS port, requests, errors, latency
        FROM requested
    )
