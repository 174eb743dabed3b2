-- What a host is, by its own last word: a row a fact.
-- Parameters: host (id); from, to in ms.
SELECT fact.1 AS what, fact.2 AS value
FROM (SELECT * FROM hosts FINAL WHERE host = %(host)s)
ARRAY JOIN
    [
        ('name', hostname), ('id', toString(host)), ('system', os), ('kernel', kernel), ('architecture', arch),
        ('CPUs', toString(cpus)), ('memory', formatReadableSize(memory_bytes)),
        ('booted', formatDateTime(booted, '%%F %%T UTC')), ('agent', agent_version),
        ('told of itself', formatDateTime(seen, '%%F %%T UTC')),
        ('addresses', arrayStringConcat(addresses, ', ')),
        ('labels', arrayStringConcat(arrayMap((name, text) -> concat(name, '=', text), mapKeys(labels), mapValues(labels)), ', '))
    ] AS fact
WHERE fact.2 != ''
