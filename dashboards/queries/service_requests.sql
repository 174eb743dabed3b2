-- HTTP requests a second to a service, by class of the answer's status, and unanswered.
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
-- include panel_outcomes
