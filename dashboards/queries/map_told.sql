-- The times of a range, included after WITH: `since` and `until`, and `told`, from when to when (excluded) minutes and then
-- hours are read from the roll-ups: whole ones, up to the newest that are told. What is left at both ends is windows.
-- Parameters: from, to in ms.
    fromUnixTimestamp64Milli(toInt64(%(from)s), 'UTC') AS since,
    fromUnixTimestamp64Milli(toInt64(%(to)s), 'UTC') AS until,
    -- One subquery: each is run wherever it is named.
    (
        SELECT arrayMap(ms -> fromUnixTimestamp64Milli(ms, 'UTC'), [minutes_from, minutes_to, hours_from,
            greatest(hours_from, least(intDiv(minutes_to, 3600000) * 3600000, hours_told))])
        FROM
        (
            SELECT
                intDiv(toInt64(%(from)s) + 59999, 60000) * 60000 AS minutes_from,
                intDiv(minutes_from + 3599999, 3600000) * 3600000 AS hours_from,
                greatest(minutes_from, least(intDiv(toInt64(%(to)s), 60000) * 60000,
                    toUnixTimestamp64Milli(max(minute)) + 60000)) AS minutes_to,
                (SELECT toUnixTimestamp64Milli(max(hour)) + 3600000 FROM edges_1h) AS hours_told
            FROM edges_1m
        )
    ) AS told,
