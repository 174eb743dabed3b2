-- `at_level(…)` is the node that an end of an edge belongs to at a level, included after WITH. What a level does not know is
-- told by the next: a process in no container is its host, an end without a process its host or address.
-- Parameters: level (process, service, container, host, or address, where all ends are addresses already).
    (node, service, host, container) -> multiIf(
        %(level)s = 'service' AND service != '', concat('service:', service),
        %(level)s = 'container' AND container != '', concat('container:', host, ':', container),
        %(level)s IN ('container', 'host') AND host != '', concat('host:', host),
        node) AS at_level,
