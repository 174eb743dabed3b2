-- What one edge of the map is made of, included after panel_edges and edge_level: `pair` has its rows.
-- Parameters: level, client and server (node ids of that level); port, "" for any.
    pair AS
    (
        SELECT *
        FROM pairs
        WHERE at_level(client, client_service, client_host, client_container, client_address) = %(client)s
            AND at_level(server, server_service, server_host, server_container, server_address) = %(server)s
            AND %(port)s IN ('', toString(server_port))
    ),
