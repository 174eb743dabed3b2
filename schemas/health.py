"""From when on an edge does badly. Declared here once: graph/health.py judges by it, and so does the SQL of maps
(`-- include health` in dashboards/queries)."""

BAD_SHARE, WARN_SHARE = 0.05, 0.01  # of connections or requests that fail
LOSSY_SHARE, LOSSY_SEGMENTS = 0.03, 20  # a connection to a peer abroad may well lose one in a hundred

# Answers are slow that take so many times as long as is usual on that edge, and so much longer at the least: a service
# that answers in 2 ms may well take 6. Half of them must be, or one in ten; and then longer than nearly all usually do,
# for where one answer in five is a report that takes a second, a minute of reports is nothing unusual.
SLOW_TIMES, SLOW_MS = 3, 25
STALLED_TIMES, STALLED_MS = 5, 100  # slower still
HALF, USUAL_MOST = 0.5, 0.95
TENTH, USUAL_NEARLY_ALL = 0.9, 0.99
SLOW_ANSWERS, USUAL_ANSWERS = 5, 20  # fewer say nothing, now and usually
USUAL_MS = 3_600_000  # before a stretch of time, of which what is usual is known
