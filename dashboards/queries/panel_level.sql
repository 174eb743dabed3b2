-- `at_level(…)` is the node that an end belongs to at a level. At level address it is known by the address that its
-- process was seen at. Included after WITH.
-- Parameters: level.
    (node, service, host, container, address) -> multiIf(
        %(level)s = 'service' AND service != '', concat('service:', service),
        %(level)s = 'container' AND container != '', concat('container:', host, ':', container),
        %(level)s IN ('container', 'host') AND host != '', concat('host:', host),
        %(level)s = 'address' AND address != '', concat('address:', address),
        node) AS at_level,
