-- When the oldest window stored began, ms since the epoch; 0 when there is none.
SELECT toUnixTimestamp64Milli(min(window)) AS first FROM edges
