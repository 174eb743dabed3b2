-- The newest window stored (ms since the epoch, 0 when there is none) and its width (ms).
WITH greatest((SELECT max(window) FROM edges), (SELECT max(window) FROM host_usage)) AS newest
SELECT
    toUnixTimestamp64Milli(newest),
    greatest(
        (SELECT max(width_ms) FROM edges WHERE window = newest),
        (SELECT max(width_ms) FROM host_usage WHERE window = newest)
    )
