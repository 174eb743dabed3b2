-- What panels read from the roll-ups, included after panel_clock: hours from `since` to `no_hour` and minutes from there to
-- `no_minute`, as far as those are told and the points are as wide; `told` says the same to map_requests.
    if(grain < 3600000, range_from, greatest(range_from, least(
        intDiv(range_to, 3600000) * 3600000, (SELECT toUnixTimestamp64Milli(max(hour)) + 3600000 FROM edges_1h)
    ))) AS hours_to,
    if(grain < 60000, range_from, greatest(hours_to, least(
        intDiv(range_to, 60000) * 60000, (SELECT toUnixTimestamp64Milli(max(minute)) + 60000 FROM edges_1m)
    ))) AS minutes_to,
    fromUnixTimestamp64Milli(assumeNotNull(hours_to), 'UTC') AS no_hour,
    fromUnixTimestamp64Milli(assumeNotNull(minutes_to), 'UTC') AS no_minute,
    [since, no_minute, since, no_hour] AS told,
