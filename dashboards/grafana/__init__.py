"""Grafana's dashboards as code: one module a dashboard, made of panels over the queries in dashboards/queries."""
