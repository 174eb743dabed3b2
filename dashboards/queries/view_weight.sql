-- Whether there are more than `most` rows of windows in [from, to): 1 or 0.
-- Parameters: from, to in ms; most, how many.
SELECT count() > %(most)s
FROM
(
    SELECT 1 FROM edges
    WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
    LIMIT %(most)s + 1
)
