-- Whether there are any requests in [from, to): mostly there are none, and that is quickly said.
-- Parameters: from, to in ms.
WITH
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    fromUnixTimestamp64Milli(%(to)s, 'UTC') AS until
SELECT
    ((SELECT count() FROM (SELECT 1 FROM requests WHERE window >= since AND window < until LIMIT 1))
    + (SELECT count() FROM (SELECT 1 FROM requests_1m WHERE minute >= since AND minute < until LIMIT 1))
    + (SELECT count() FROM (SELECT 1 FROM requests_1h WHERE hour >= since AND hour < until LIMIT 1))) > 0 AS there
