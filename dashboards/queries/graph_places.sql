-- Where an end is that no process is known for, included after WITH: `home(node, host)` is the host it is on, by what saw
-- it or by the address; '' for one on no known host. `network(address)` names the network of such an address.
    (
        SELECT mapFromArrays(groupArray(address), groupArray(owner))
        FROM
        (
            SELECT splitByChar('/', arrayJoin(addresses))[1] AS address, toString(any(host)) AS owner
            FROM hosts FINAL
            GROUP BY address
            HAVING uniqExact(host) = 1
        )
    ) AS owners,
    ip -> multiIf(
        startsWith(ip, '127.') OR ip = '::1', 'loopback',
        startsWith(ip, '169.254.') OR startsWith(lower(ip), 'fe80:'), 'link-local',
        match(ip, '^(10|192[.]168|172[.](1[6-9]|2[0-9]|3[01]))[.]'), concat(arrayStringConcat(arraySlice(splitByChar('.', ip), 1, 3), '.'), '.0/24'),
        match(ip, '^100[.](6[4-9]|[789][0-9]|1[01][0-9]|12[0-7])[.]'), concat(arrayStringConcat(arraySlice(splitByChar('.', ip), 1, 2), '.'), '.0.0/16'),
        match(lower(ip), '^f[cd][0-9a-f]{2}:'), concat(splitByChar(':', lower(ip))[1], '::/16'),
        match(ip, '^(22[4-9]|23[0-9]|255)[.]') OR startsWith(lower(ip), 'ff'), 'multicast',
        'internet') AS network,
    (id, seen_host) -> multiIf(
        seen_host != '', seen_host,
        NOT startsWith(id, 'address:'), '',
        position(id, '@') > 0, splitByRegexp('[/@]', substring(id, 9))[1],
        owners[substring(id, 9)]) AS home,
