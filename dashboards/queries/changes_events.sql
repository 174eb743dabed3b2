-- What happened, latest first.
-- Parameters: kinds, with commas between, "" for all; service and host (id), "" for any; from, to in ms; interval in s.
WITH
-- include panel_hostnames
-- include panel_kinds
    fromUnixTimestamp64Milli(toInt64(%(from)s), 'UTC') AS begins
SELECT
    toDateTime64(happened.time, 3, 'UTC') AS time, toString(kind) AS kind, detail AS what,
    called(happened.host) AS host, toString(happened.host) AS host_id, toString(happened.service) AS service,
    subject, object
FROM (SELECT * FROM events FINAL WHERE events.time >= begins AND events.time < fromUnixTimestamp64Milli(toInt64(%(to)s), 'UTC')) AS happened
WHERE wanted(kind) AND %(service)s IN ('', happened.service) AND %(host)s IN ('', happened.host)
ORDER BY time DESC, kind, subject, object
LIMIT 500
