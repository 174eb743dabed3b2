-- How long HTTP requests over an edge took to be answered, ms.
-- Parameters: level, client, server (node ids of that level); port, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_told
-- include map_requests
-- include panel_level
    asked AS
    (
        SELECT *
        FROM requested
        WHERE at_level(client, client_service, client_host, '', extract(client, '^address:(?:.*@)?(.*)')) = %(client)s
            AND at_level(server, server_service, server_host, '', extract(server, '^address:(?:.*@)?(.*)')) = %(server)s
            AND %(port)s IN ('', toString(server_port))
    ),
-- include panel_latency
