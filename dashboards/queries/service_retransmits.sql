-- Segments a second that a service sent again.
-- Parameters: service; host (id) of the service's end, "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_edges
-- include panel_service
    sums AS
    (
        SELECT at, sumIf(server_retransmits, serves) AS to_clients, sumIf(client_retransmits, calls) AS to_servers
        FROM mine
        GROUP BY at
    )
SELECT toDateTime(intDiv(clock.at, 1000), 'UTC') AS time, point.1 AS series, toFloat64(point.2 / seconds) AS value
FROM clock
LEFT JOIN sums ON sums.at = clock.at
ARRAY JOIN [('to its clients', to_clients), ('to its servers', to_servers)] AS point
ORDER BY time, series
