"""The columns of the connections that benchmarks make up, in the order of their rows."""

CONNECTION = (
    "cookie", "transport", "local_address", "local_port", "remote_address", "remote_port", "state", "uid", "since",
    "opened", "fresh", "accepted", "closed", "failed", "sent_bytes", "received_bytes", "sent_segments",
    "received_segments", "retransmits", "rtt_us", "min_rtt_us",
)  # fmt: skip
