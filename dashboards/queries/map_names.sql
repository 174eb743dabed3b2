-- Every name that a map can be narrowed to: the kind of it (service, host) and the name. Hosts have their ids as well.
SELECT DISTINCT kind, name
FROM
(
    SELECT 'service' AS kind, service AS name FROM nodes
    UNION ALL SELECT 'service', arrayJoin([client_service, server_service]) FROM edges_1h
    UNION ALL SELECT 'host', arrayJoin([host, hostname]) FROM nodes
    UNION ALL SELECT 'host', arrayJoin([host, hostname]) FROM hosts
    UNION ALL SELECT 'host', arrayJoin([client_host, server_host]) FROM edges_1h
)
WHERE name != ''
ORDER BY kind, name
