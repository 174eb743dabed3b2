"""The embedded ClickHouse: the chdb engine behind a loopback server that every client can talk to.

`python -m sinks.embedded --data DIR` starts it; `sinks.embedded.server.serve` does the same from code.
"""
