-- `called(host)` is the name of a host by its last word, its id while it has said none; `titled(node)` is what people
-- call a node that is no process. Included after WITH.
    (
        SELECT (arrayPushBack(groupArray(toString(host)), ''), arrayPushBack(groupArray(hostname), ''))
        FROM hosts FINAL WHERE hostname != ''
    ) AS names,
    (one -> transform(toString(one), names.1, names.2, toString(one))) AS called,
    (node -> if(startsWith(node, 'host:'), called(substring(node, 6)), substring(node, position(node, ':') + 1))) AS titled,
