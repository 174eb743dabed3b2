-- Services that were told of in a range, as the values of a variable. With `any` "yes" the first stands for all of them.
-- Parameters: any; from, to in ms.
SELECT value, text
FROM
(
    SELECT '' AS value, 'any' AS text WHERE %(any)s = 'yes'
    UNION ALL
    SELECT DISTINCT toString(service) AS value, toString(service) AS text
    FROM nodes
    WHERE service != ''
        AND hour >= toStartOfHour(fromUnixTimestamp64Milli(toInt64(%(from)s), 'UTC') - INTERVAL 2 HOUR)
        AND hour < fromUnixTimestamp64Milli(toInt64(%(to)s), 'UTC')
)
ORDER BY value != '', lower(text), value
LIMIT 5000
