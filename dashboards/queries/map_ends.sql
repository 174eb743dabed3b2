-- For the select list of map_flows and view_known: who is at a flow's two ends (sinks/tables.py has the parts of a_who), and
-- the ids of the nodes they are.
                splitByChar('\t', a_who) AS a_parts, splitByChar('\t', b_who) AS b_parts,
                a_scope, a_address, b_scope, b_address,
                multiIf(a_parts[3] != '', a_parts[3], a_parts[2] != '', concat('host:', a_parts[2]),
                    concat('address:', if(a_scope = '', '', concat(a_scope, '@')), a_address)) AS a_id,
                multiIf(b_parts[3] != '', b_parts[3], b_parts[2] != '', concat('host:', b_parts[2]),
                    concat('address:', if(b_scope = '', '', concat(b_scope, '@')), b_address)) AS b_id,
