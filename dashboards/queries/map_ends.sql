-- For the select list where flows are joined with map_placed: `whom`, who is at their ends a and b: the parts of a_who, as
-- sinks/tables.py has them, and last the id of the node. An end of which nothing was said is the one host that had its address
-- in that minute or the two before it; where it was `missed`, the one that listens there, or did last within the hour, and of
-- several their service. Nested, for a name of the same SELECT would be analysed again wherever it is used.
                arrayMap((past, heard_) -> arrayMap(home -> arrayMap(nearest -> arrayMap(found -> arrayMap(
                    lost -> arrayMap(
                        (who, scope, address) -> arrayMap(parts -> arrayPushBack(parts, multiIf(
                                parts[3] != '', parts[3], parts[2] != '', concat('host:', parts[2]),
                                concat('address:', if(scope = '', '', concat(scope, '@')), address))),
                            [if(who = '', lost, splitByChar('\t', who))])[1],
                        [toString(a_who), toString(b_who)], [toString(a_scope), toString(b_scope)],
                        [toString(a_address), toString(b_address)]),
                    [multiIf(
                        home = '', arrayWithConstant(8, ''),
                        arrayUniq(arrayMap(one -> one[4], found)) != 1 OR found[1][4] = '',
                            ['', home, '', '', '', '', 'address', '0'],
                        length(found) = 1, arrayConcat(arraySlice(found[1], 1, 6),
                            [if(missed = 2 OR nearest.1 > 4, 'last listener', 'listener'), found[1][8]]),
                        ['', home, '', found[1][4], '', '', if(missed = 2 OR nearest.1 > 4, 'last listener', 'listener'), '1'])])[1],
                    [arrayMap(who -> splitByChar('\t', who), arrayDistinct(arrayFilter(one -> one.1 = nearest, heard_).2))])[1],
                    [arrayMin(heard_.1)])[1],
                    [multiIf(unsaid = 0, '', length(past) = 1, past[1], position(lost_scope, '/') > 0,
                        splitByChar('/', toString(lost_scope))[1], '')])[1],
                -- The hosts; and who listened, whom the latest minute knows, and then who is bound most closely, being the least.
                [arrayDistinct(arrayFilter(home -> bitAnd(if(missed > 0, bitNot(toUInt64(0)), 7), bitOr(
                    bitShiftRight(home.2, 59 - unsaid %% 60), bitShiftLeft(home.3, unsaid %% 60 + 1))) > 0, homes).1)],
                [if(missed = 0, [], arrayFilter(one -> one.1.1 > 0 AND one.1.2 > 0, arrayMap((one, past) -> (
                        (bitAnd(past, bitNot(past) + 1),
                            indexOf([lost_address, if(position(lost_address, ':') > 0, '::', '0.0.0.0'), '::'], one.3)), toString(one.4)),
                    arrayFilter(one -> one.1 = transport_ AND one.2 = port, heard),
                    arrayMap(one -> bitOr(bitShiftRight(one.5, 59 - unsaid %% 60), bitShiftLeft(one.6, unsaid %% 60 + 1)),
                        arrayFilter(one -> one.1 = transport_ AND one.2 = port, heard)))))])[1] AS whom
