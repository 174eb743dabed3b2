-- `mine` and `asked`, the edges of a host and the requests on them, included after panel_edges and map_requests: those that
-- it serves, those in which it calls, and both of itself. Parameters: host (id).
    mine AS
    (
        SELECT *, server_host = %(host)s AS serves, client_host = %(host)s AS calls FROM pairs WHERE serves OR calls
    ),
    asked AS
    (
        SELECT *, server_host = %(host)s AS serves, client_host = %(host)s AS calls FROM requested WHERE serves OR calls
    ),
