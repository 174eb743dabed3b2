-- `asked`, the requests of a service: rows of map_requests that it answered, for panels to include after map_requests.
-- Parameters: service; host (id), "" for any.
    asked AS
    (
        SELECT *
        FROM requested
        WHERE server_service = %(service)s AND %(host)s IN ('', server_host)
    ),
