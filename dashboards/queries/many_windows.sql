-- Whether there are more windows of edges in [from, to) than are read within about a second: 1 or 0.
-- Parameters: from, to in ms.
        SELECT count() > 250000 AS many
        FROM
        (
            SELECT 1 FROM edges
            WHERE window >= fromUnixTimestamp64Milli(toInt64(%(from)s), 'UTC')
                AND window < fromUnixTimestamp64Milli(toInt64(%(to)s), 'UTC')
            LIMIT 250001
        )
