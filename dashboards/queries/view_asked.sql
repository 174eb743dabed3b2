-- Follows WITH: `asked`, HTTP requests on edges with their ends `c` and `s` as nodes of a level, process, service or host.
-- Parameters: level; from, to in ms.
    asked AS
    (
        SELECT
            toUnixTimestamp64Milli(window) AS at,
            multiIf(
                %(level)s = 'service' AND client_service != '', concat('service:', client_service),
                %(level)s = 'host' AND client_host != '', concat('host:', client_host),
                client) AS c,
            multiIf(
                %(level)s = 'service' AND server_service != '', concat('service:', server_service),
                %(level)s = 'host' AND server_host != '', concat('host:', server_host),
                server) AS s,
            transport, server_port AS port, requests, errors, latency
        FROM process_requests
        WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
    )
