-- The share of segments sent twice between two services in a range, by the side that sent more of them twice. Where
-- neither sent 200 segments it says nothing yet; the 100 worst are told. Parameters: from, to in ms.
SELECT
    client_title AS client,
    server_title AS server,
    concat(transport, ' ', toString(server_port)) AS port,
    toFloat64(greatest(
        if(sum(client_sent_segments) < 200, 0, sum(client_retransmits) / sum(client_sent_segments)),
        if(sum(server_sent_segments) < 200, 0, sum(server_retransmits) / sum(server_sent_segments))
    )) AS retransmitted_share
FROM service_edges
WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
GROUP BY client_title, server_title, port
HAVING retransmitted_share > 0
ORDER BY retransmitted_share DESC, client, server, port
LIMIT 100
