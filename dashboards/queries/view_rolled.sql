-- Up to where each roll-up goes: the newest hour and when the newest minute ends, in ms; 0 when there is none.
SELECT
    toUnixTimestamp64Milli((SELECT max(hour) FROM edges_1h)) AS newest_hour,
    toUnixTimestamp64Milli((SELECT max(minute) FROM edges_1m)) + 60000 AS minutes_end
