-- `concerns`, for map_flows: whether an end may be one that is asked for, as one may of which nothing was said. Whatever is
-- read is looked at again.
-- Parameters: addresses and texts, of which an end has one in its address or in who it is, unless `any` is 1.
    (a_who, a_address, b_who, b_address) -> %(any)s = 1 OR a_who = '' OR b_who = ''
        OR a_address IN %(addresses)s OR b_address IN %(addresses)s
        OR multiSearchAny(a_who, %(texts)s) OR multiSearchAny(b_who, %(texts)s) AS concerns,
