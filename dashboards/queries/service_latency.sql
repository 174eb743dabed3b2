-- How long a service took to answer HTTP requests, ms.
-- Parameters: service; host (id), "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
-- include panel_told
-- include map_requests
    asked AS
    (
        SELECT *
        FROM requested
        WHERE server_service = %(service)s AND %(host)s IN ('', server_host)
    ),
-- include panel_latency
