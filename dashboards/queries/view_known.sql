-- The edges of a level that were there in [from, to): client, server, transport, server's port.
-- Parameters: level (process, service, container or host); from, to in ms.
WITH
-- include map_spans
-- include map_level
    known AS
    (
        SELECT DISTINCT
            at_level(client, client_service, client_host, client_container) AS c,
            at_level(server, server_service, server_host, server_container) AS s,
            transport, server_port
        FROM spans
    )
SELECT * FROM known
