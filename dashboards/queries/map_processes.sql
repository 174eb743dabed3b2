-- What is known of processes by the last word on each: those asked for and, where `everything` is 1, all that ran in
-- [from, to), connections or not. A process is told by every keyframe, so one that runs was seen within the minute
-- before or since, unless its exit was told.
-- Parameters: nodes, everything; from, to in ms.
WITH
    fromUnixTimestamp64Milli(%(from)s, 'UTC') AS since,
    fromUnixTimestamp64Milli(%(to)s, 'UTC') AS until
-- include map_process
    WHERE hour >= toStartOfHour(since - INTERVAL 2 HOUR) AND hour < until
        AND (node IN %(nodes)s
            OR (%(everything)s AND seen >= since - INTERVAL 1 MINUTE AND started < until
                AND node NOT IN (
                    SELECT subject FROM events
                    WHERE kind = 'process_exited' AND time >= since - INTERVAL 2 HOUR AND time < since)))
    GROUP BY node
)
ORDER BY id
