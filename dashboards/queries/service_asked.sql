-- The HTTP requests to a service in a range in numbers: one row. Requests a second, the share of them that was answered 5xx
-- or never, and the time, ms, that half and 95 %% of the answers kept; NULL where no HTTP is seen.
-- Parameters: service; host (id) of the service's end, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_told
-- include map_requests
-- include panel_service_asked
-- include panel_within
    recorded_seconds AS elapsed
SELECT
    nullIf(sum(asked.requests) / elapsed, 0) AS requests,
    sum(asked.errors) / nullIf(sum(asked.requests), 0) AS errors,
    within_ms(mapKeys(sumMap(latency)), arrayCumSum(mapValues(sumMap(latency))), 0.5) AS half,
    within_ms(mapKeys(sumMap(latency)), arrayCumSum(mapValues(sumMap(latency))), 0.95) AS most
FROM asked
WHERE serves
