-- Follows WITH: `asked` as in view_asked, between addresses, whatever processes are at them. Where both ends' hosts counted,
-- that is believed which process_requests believes.
-- Parameters: from, to in ms.
    asked AS
    (
        SELECT
            toUnixTimestamp64Milli(window) AS at, if(b_serves, a_id, b_id) AS c, if(b_serves, b_id, a_id) AS s,
            transport, port,
            sampling * (arraySum(mapValues(answered)) + unanswered) AS requests,
            sampling * (arraySum(mapValues(mapFilter((what, n) -> endsWith(what, '5xx'), answered))) + unanswered) AS errors,
            mapApply((bucket, n) -> (bucket, n * sampling), counted) AS latency
        FROM
        (
            SELECT
                window, transport, bitTest(verdict, 0) AS b_serves, if(b_serves, b_port, a_port) AS port,
                concat('address:', if(a_scope = '', '', concat(a_scope, '@')), a_address) AS a_id,
                concat('address:', if(b_scope = '', '', concat(b_scope, '@')), b_address) AS b_id,
                multiIf(a_node != '', a_node, a_host != '', concat('host:', a_host), a_id) AS a_process,
                multiIf(b_node != '', b_node, b_host != '', concat('host:', b_host), b_id) AS b_process,
                end = b_serves AS by_server, toUInt64(sampling) AS sampling, answered, unanswered, latency AS counted,
                argMin(by_server, (sampling, NOT by_server)) OVER (
                    PARTITION BY window, transport, b_serves, port, a_process, b_process) AS believed
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
                WHERE window >= fromUnixTimestamp64Milli(%(from)s, 'UTC') AND window < fromUnixTimestamp64Milli(%(to)s, 'UTC')
            ) AS told
            USING (window, transport, a_scope, a_address, a_port, b_scope, b_address, b_port)
        )
        WHERE by_server = believed
    )
