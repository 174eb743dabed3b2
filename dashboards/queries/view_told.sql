-- The times of a range that begins with a whole step, as map_told has them: hours of the roll-ups up to `hours_to`, minutes
-- from there to `minutes_to`. Parameters: from, to, hours_to, minutes_to in ms.
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    fromUnixTimestamp64Milli(%(to)s, 'UTC') AS until,
    arrayMap(ms -> fromUnixTimestamp64Milli(toInt64(ms), 'UTC'),
        [%(from)s, %(minutes_to)s, %(from)s, %(hours_to)s]) AS told,
