-- Follows WITH: `asked` as in view_asked, between addresses, whatever processes are at them. Where both ends' hosts counted,
-- that is believed which process_requests believes.
-- Parameters: from, to in ms.
    asked AS
    (
        SELECT at, c, s, transport, port, requests, errors, given_up, latency
        FROM
        (
            SELECT
                toUnixTimestamp64Milli(window) AS at, c, s, transport, port, by_server,
                sum(factor * (arraySum(mapValues(answered)) + unanswered)) AS requests,
                sum(factor * (arraySum(mapValues(mapFilter((what, n) -> endsWith(what, '5xx'), answered))) + unanswered))
                    AS errors,
                sum(factor * left) AS given_up,
                sumMap(mapApply((bucket, n) -> (bucket, n * factor), sketch)) AS latency,
                argMin(by_server, (min(factor), NOT by_server)) OVER (
                    PARTITION BY window, transport, port, c_process, s_process) AS believed
            FROM
            (
                WITH
                    bitTest(verdict, 0) AS b_serves,
                    concat('address:', if(a_scope = '', '', concat(a_scope, '@')), a_address) AS a_id,
                    concat('address:', if(b_scope = '', '', concat(b_scope, '@')), b_address) AS b_id,
                    multiIf(a_node != '', a_node, a_host != '', concat('host:', a_host), a_id) AS a_process,
                    multiIf(b_node != '', b_node, b_host != '', concat('host:', b_host), b_id) AS b_process
                SELECT
                    window, transport, if(b_serves, b_port, a_port) AS port,
                    if(b_serves, a_id, b_id) AS c, if(b_serves, b_id, a_id) AS s,
                    if(b_serves, a_process, b_process) AS c_process, if(b_serves, b_process, a_process) AS s_process,
                    end = b_serves AS by_server, counted.sampling AS factor, answered, unanswered,
                    counted.given_up AS left, counted.latency AS sketch
                FROM
                (
                    SELECT
                        window, transport, verdict, a_scope, a_address, a_port, a_host, a_node,
                        b_scope, b_address, b_port, b_host, b_node
                    FROM edges FINAL
                    WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC')
                        AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC') AND nth = 0
                ) AS who
                INNER JOIN
                (
                    SELECT *
                    FROM requests FINAL
                    WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC')
                        AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
                ) AS counted
                USING (window, transport, a_scope, a_address, a_port, b_scope, b_address, b_port)
            )
            GROUP BY window, transport, port, c, s, c_process, s_process, by_server
        )
        WHERE by_server = believed
    )
