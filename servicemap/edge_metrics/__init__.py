"""Edges as metrics for the service graphs of others: at a Prometheus endpoint, and pushed by OTLP."""
