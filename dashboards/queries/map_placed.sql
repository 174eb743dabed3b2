-- For map_flows and view_known to join, where `since`, `until` and `told` are known: the hosts that had an address, and who
-- listened there, by hours since the epoch, for the windows in [since, until) that `told` leaves. schemas/graph.py says what
-- minutes and before are.
            LEFT JOIN
            (
                SELECT
                    toUInt32(intDiv(toUnixTimestamp64Milli(hour), 3600000)) AS of_hour, scope, address,
                    groupArray((host, toUInt64(minutes), toUInt64(before))) AS homes, groupArrayArray(listeners) AS heard
                FROM places
                LEFT JOIN
                (
                    SELECT
                        hour, host, groupArray((transport, port, toString(address), who, toUInt64(minutes), toUInt64(before))) AS listeners
                    FROM places
                    WHERE transport != '' AND hour >= toStartOfHour(since) AND hour < until
                        AND (hour < told[1] OR hour >= toStartOfHour(told[2]))
                    GROUP BY hour, host
                ) AS listening
                USING (hour, host)
                WHERE transport = '' AND hour >= toStartOfHour(since) AND hour < until
                    AND (hour < told[1] OR hour >= toStartOfHour(told[2]))
                GROUP BY of_hour, scope, address
            ) AS placed
            ON placed.of_hour = intDiv(unsaid, 60) AND placed.scope = lost_scope AND placed.address = lost_address
