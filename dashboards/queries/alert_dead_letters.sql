-- How many records could not be used in a range and went to the dead letters. Sinks tell it once a minute, each of the
-- same records: of a minute the greatest counts. None is no rows. Parameters: from, to in ms.
SELECT 'dead-letters' AS topic, toFloat64(sum(letters)) AS records
FROM
(
    SELECT minute, max(value) AS letters
    FROM pipeline FINAL
    WHERE measure = 'dead_letters'
        AND minute >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND minute < fromUnixTimestamp64Milli(%(to)s, 'UTC')
    GROUP BY minute
)
HAVING records > 0
