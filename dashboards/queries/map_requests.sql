-- Follows map_told, included after WITH: `requested`, HTTP requests on edges between processes in [from, to).
    requested AS
    (
        SELECT client, server, transport, server_port, requests, errors, latency
        FROM process_requests
        WHERE window >= since AND window < until
    ),
