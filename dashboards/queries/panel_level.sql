-- `at_level(…)` is the node that an end belongs to at a level, as on the map (graph_flows.sql). Included after WITH.
-- Parameters: level (process, service, container, host, address).
-- include graph_places
    (node, service, host, container, address) -> multiIf(
        %(level)s = 'process' AND startsWith(node, 'process:'), toString(node),
        %(level)s = 'service' AND service != '', concat('service:', service),
        %(level)s = 'container' AND container != '', concat('container:', home(node, host), ':', container),
        %(level)s != 'address' AND home(node, host) != '', concat('host:', home(node, host)),
        %(level)s != 'address', concat('network:', network(toString(address))),
        startsWith(node, 'address:'), toString(node),
        concat('address:', if(network(toString(address)) IN ('loopback', 'link-local'), concat(home(node, host), '@'), ''), address)
    ) AS at_level,
