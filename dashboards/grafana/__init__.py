"""Grafana's dashboards as code: one module a dashboard, made of panels over queries in graph/ and dashboards/texts."""
