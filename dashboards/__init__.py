"""Dashboards and the queries behind them."""
