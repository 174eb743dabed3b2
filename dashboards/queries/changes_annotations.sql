-- Events as annotations of a dashboard, the latest 200. A service's own, and those of edges to it.
-- Parameters: kinds, with commas between, "" for all; service and host (id), "" for any; from, to in ms.
WITH
-- include panel_kinds
    fromUnixTimestamp64Milli(toInt64(%(from)s), 'UTC') AS begins
SELECT
    toDateTime64(happened.time, 3, 'UTC') AS time, replaceAll(toString(kind), '_', ' ') AS title, detail AS text,
    concat(toString(kind), if(happened.service = '', '', concat(',', happened.service))) AS tags,
    hex(sipHash64(happened.time, kind, subject, object)) AS id
FROM (SELECT * FROM events FINAL WHERE events.time >= begins AND events.time < fromUnixTimestamp64Milli(toInt64(%(to)s), 'UTC')) AS happened
WHERE wanted(kind) AND (%(service)s IN ('', happened.service) OR object = concat('service:', %(service)s))
    AND %(host)s IN ('', happened.host)
ORDER BY time DESC, id
LIMIT 200
