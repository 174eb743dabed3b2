-- How well an edge does, 0 ok, 1 to watch, 2 bad, included after WITH. graph/health.py judges the same in Python, by the
-- same limits. `failing_health` is that of connections and requests; `slow_health` that of latency, by quantiles in ms of
-- what is now [half, tenth] and of what is usual [half, tenth, most, nearly all], and how many answers there are of each.
-- limits
    (failing, again, segments) -> multiIf(
        failing >= limit_bad_share, 2,
        failing >= limit_warn_share OR (again >= limit_lossy_share AND segments >= limit_lossy_segments), 1,
        0) AS failing_health,
    (now, usual, answers, usually) -> multiIf(
        answers < limit_slow_answers OR usually < limit_usual_answers, 0,
        now[1] > usual[3] AND now[1] >= greatest(limit_slow_times * usual[1], usual[1] + limit_slow_ms),
        if(now[1] >= greatest(limit_stalled_times * usual[1], usual[1] + limit_stalled_ms), 2, 1),
        now[2] > usual[4] AND now[2] >= greatest(limit_slow_times * usual[2], usual[2] + limit_slow_ms), 1,
        0) AS slow_health,
