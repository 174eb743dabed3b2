-- Clients of edges in a range, as the values of a variable: node ids of a level, and what people call them.
-- Parameters: level; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_hostnames
-- include panel_edges
-- include panel_level
    seen AS
    (
        SELECT DISTINCT at_level(client, client_service, client_host, client_container, client_address) AS node FROM pairs
    )
SELECT node AS value, if(startsWith(node, 'service:'), substring(node, 9), node) AS text
FROM seen
ORDER BY lower(text), value
LIMIT 1000
