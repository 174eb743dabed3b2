-- How many rows of requests there are in [from, to): mostly none, and that is quickly said.
-- Parameters: from, to in ms.
SELECT count() FROM requests
WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
