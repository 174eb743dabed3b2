-- How long a service took to answer HTTP requests, ms.
-- Parameters: service; host (id), "" for any; from, to in ms; interval in s.
WITH
-- include panel_clock
    asked AS
    (
        SELECT *
        FROM process_requests
        WHERE window >= since AND window < until
            AND server_service = %(service)s AND %(host)s IN ('', server_host)
    ),
-- include panel_latency
