-- `asked`, the requests of an edge: rows of map_requests on the edge that is asked for, for panels to include after panel_level.
-- Parameters: level, client, server (node ids of that level); port, "" for any.
    asked AS
    (
        SELECT *
        FROM requested
        WHERE at_level(client, client_service, client_host, '', extract(client, '^address:(?:.*@)?(.*)')) = %(client)s
            AND at_level(server, server_service, server_host, '', extract(server, '^address:(?:.*@)?(.*)')) = %(server)s
            AND %(port)s IN ('', toString(server_port))
    ),
