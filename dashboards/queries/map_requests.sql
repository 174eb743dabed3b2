-- HTTP requests on edges between processes, included after one of *_told, which says what is read from the roll-ups:
-- `requested`, each row of a window, a minute or an hour that `begins`.
    requested AS
    (
        SELECT
            hour AS begins, client, server, transport, server_port,
            client_service, client_host, client_container, server_service, server_host, server_container,
            requests, errors, unanswered, given_up, by, latency
        FROM requests_1h FINAL
        WHERE hour >= told[3] AND hour < told[4]
        UNION ALL
        SELECT
            minute AS begins, client, server, transport, server_port,
            client_service, client_host, client_container, server_service, server_host, server_container,
            requests, errors, unanswered, given_up, by, latency
        FROM requests_1m FINAL
        WHERE minute >= told[1] AND minute < told[2] AND (minute < told[3] OR minute >= told[4])
        UNION ALL
        SELECT
            window AS begins, client, server, transport, server_port,
            client_service, client_host, client_container, server_service, server_host, server_container,
            requests, errors, unanswered, given_up, by, latency
        FROM process_requests
        WHERE window >= since AND window < until AND (window < told[1] OR window >= told[2])
    ),
