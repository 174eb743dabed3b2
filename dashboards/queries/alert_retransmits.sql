-- The share of segments sent twice between two services in a range, by the side that sent more of them twice. Where
-- neither sent 200 segments it says nothing yet; the 100 worst are told. Parameters: from, to in ms.
WITH
-- include map_spans
    counted AS
    (
        SELECT
            if(client_service != '', client_service, client_address) AS client_,
            if(server_service != '', server_service, server_address) AS server_,
            concat(transport, ' ', toString(server_port)) AS port_,
            sum(client_sent_segments) AS asked, sum(server_sent_segments) AS answered,
            greatest(
                if(asked < 200, 0, sum(client_retransmits) / asked),
                if(answered < 200, 0, sum(server_retransmits) / answered)) AS share
        FROM spans
        GROUP BY client_, server_, port_
        HAVING share > 0
    )
SELECT client_ AS client, server_ AS server, port_ AS port, toFloat64(share) AS retransmitted_share
FROM counted
ORDER BY retransmitted_share DESC, client, server, port
LIMIT 100
