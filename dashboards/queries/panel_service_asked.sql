-- `asked`, the requests of a service: rows of map_requests that it answered, in which it asked, and both of itself. For
-- panels to include after map_requests. Parameters: service; host (id) of the service's end, "" for any.
    asked AS
    (
        SELECT
            *,
            server_service = %(service)s AND %(host)s IN ('', server_host) AS serves,
            client_service = %(service)s AND %(host)s IN ('', client_host) AS calls
        FROM requested
        WHERE serves OR calls
    ),
