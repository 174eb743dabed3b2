"""Alerts as code: rules over the queries in dashboards/queries/alert_*.sql, and the files that provision them."""
