-- The same between addresses. What is not merged yet does no harm here.
-- Parameters: from, to in ms.
SELECT DISTINCT
    concat('address:', if(client_scope = '', '', concat(client_scope, '@')), client_address) AS client,
    concat('address:', if(server_scope = '', '', concat(server_scope, '@')), server_address) AS server,
    transport, server_port
FROM
(
    SELECT DISTINCT
        bitTest(verdict, 0) AS b_serves, transport, if(b_serves, b_port, a_port) AS server_port,
        if(b_serves, a_scope, b_scope) AS client_scope, if(b_serves, a_address, b_address) AS client_address,
        if(b_serves, b_scope, a_scope) AS server_scope, if(b_serves, b_address, a_address) AS server_address
    FROM edges
    WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
        AND (a_seen OR b_seen)
)
