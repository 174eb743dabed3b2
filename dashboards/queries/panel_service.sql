-- The edges of a service, included after panel_edges: those it serves, those in which it calls, and both of itself.
-- Parameters: service; host (id) of the service's end, "" for any.
    mine AS
    (
        SELECT
            *,
            server_service = %(service)s AND %(host)s IN ('', server_host) AS serves,
            client_service = %(service)s AND %(host)s IN ('', client_host) AS calls
        FROM pairs
        WHERE serves OR calls
    ),
