-- `mine` and `asked`, the connections of an edge and the requests on them, for panels to include after panel_edge and
-- map_requests. Requests are those between the processes that the edge is made of, at any level.
    mine AS (SELECT *, 1 AS serves FROM pair),
    asked AS
    (
        SELECT *, 1 AS serves
        FROM requested
        WHERE (client, server, transport, server_port) IN (SELECT client, server, transport, server_port FROM pair)
    ),
