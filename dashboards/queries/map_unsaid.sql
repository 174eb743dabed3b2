-- For the select list of the flows that map_placed joins, and among what they are grouped by: `unsaid`, where nothing was said of
-- an end (never of both) the minute since the epoch in which it is looked up, else 0; and `missed`, why it may be who listened
-- there: 2 where the connect failed, 1 where it is UDP, of which nobody but the client is ever seen.
                    if(a_who = '' OR b_who = '', toUInt32(intDiv(toUnixTimestamp64Milli(window), 60000)), toUInt32(0)) AS unsaid,
                    multiIf(unsaid = 0 OR (b_who = '') != b_serves, 0, a_failed OR b_failed, 2, transport = 'udp', 1, 0) AS missed,
                    a_who, a_scope, a_address, b_who, b_scope, b_address,
                    if(a_who = '', a_scope, b_scope) AS lost_scope, toString(if(a_who = '', a_address, b_address)) AS lost_address,
