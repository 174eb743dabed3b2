-- The points of a time series, included after WITH. `clock` has a row a point: `at` in ms, a multiple of `step`, and
-- `seconds`, how much of it any host recorded: a rate is right at both ends of the range as well, a point without rows is
-- a rate of 0, and where nobody looked there is no point. `recorded_seconds` is that of the whole range. A range that is long or `heavy` has points of whole minutes or hours, and then begins
-- and ends with one (`grain`), so that roll-ups can be asked.
-- Parameters: from, to in ms; interval in s.
    (
        SELECT (toInt64(max(toUnixTimestamp64Milli(window))), toInt64(greatest(max(width_ms), 100)))
        FROM host_usage WHERE window = (SELECT max(window) FROM host_usage)
    ) AS newest,
    assumeNotNull(newest.2) AS window_ms,
    toInt64(%(to)s) - toInt64(%(from)s) AS asked_ms,
    (
-- include many_windows
    ) AS heavy,
    greatest(toInt64(%(interval)s) * 1000, multiIf(
        asked_ms > 14 * 86400000, 3600000, asked_ms > 3 * 3600000 OR assumeNotNull(heavy), 60000, window_ms)) AS least_step,
    multiIf(least_step >= 3600000, 3600000, least_step >= 60000, 60000, window_ms) AS grain,
    intDiv(least_step + grain - 1, grain) * grain AS step,
    intDiv(toInt64(%(from)s) + grain - 1, grain) * grain AS range_from,
    least(intDiv(toInt64(%(to)s) + grain - 1, grain) * grain, assumeNotNull(newest.1) + window_ms) AS range_to,
    greatest(range_to - range_from, 1) / 1000 AS range_seconds,
    fromUnixTimestamp64Milli(range_from, 'UTC') AS since,
    fromUnixTimestamp64Milli(range_to, 'UTC') AS until,
-- include recorded_windows
    (SELECT if(sum(width) > 0, sum(width) / 1000, range_seconds) FROM recorded_windows) AS recorded_sum,
    assumeNotNull(recorded_sum) AS recorded_seconds,
    clock AS
    (
        SELECT
            intDiv(toUnixTimestamp64Milli(begins), step) * step AS at,
            least(toInt64(sum(width)), least(at + step, range_to) - greatest(at, range_from)) / 1000 AS seconds
        FROM recorded_windows
        GROUP BY at
        HAVING seconds > 0
    ),
