"""Stretches of time, in milliseconds, as all times on the log and in the store are."""

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
