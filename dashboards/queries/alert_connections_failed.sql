-- The share of connections that failed, between two services in a range: of those that the client opened, or that
-- failed if these are more. Fewer than 5 failures say nothing yet; the 100 worst are told.
-- Parameters: from, to in ms.
WITH
-- include map_spans
    counted AS
    (
        SELECT
            if(client_service != '', client_service, client_address) AS client_,
            if(server_service != '', server_service, server_address) AS server_,
            concat(transport, ' ', toString(server_port)) AS port_,
            sum(connections_failed) AS failed, greatest(sum(connections_opened), failed) AS tried
        FROM spans
        GROUP BY client_, server_, port_
        HAVING failed >= 5
    )
SELECT client_ AS client, server_ AS server, port_ AS port, toFloat64(failed / tried) AS failed_share
FROM counted
ORDER BY failed_share DESC, client, server, port
LIMIT 100
