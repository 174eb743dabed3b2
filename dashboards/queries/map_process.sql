-- The columns of map_processes and view_members: each process as its latest row has it. WHERE follows.
SELECT
    node AS id, latest.1 AS host, latest.2 AS hostname, latest.3 AS pid, toUnixTimestamp64Milli(latest.4) AS started,
    latest.5 AS parent, latest.6 AS service, latest.7 AS name, latest.8 AS user, latest.9 AS exe, latest.10 AS cmdline,
    latest.11 AS container, latest.12 AS unit
FROM
(
    SELECT
        node, max(nodes.seen) AS last_seen,
        argMax((host, hostname, pid, nodes.started, parent, service, name, user, exe, cmdline, container, unit), seen)
            AS latest
    FROM nodes
