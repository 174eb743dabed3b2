-- HTTP requests a second to a service, by class of the answer's status, and unanswered.
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
-- include panel_outcomes
