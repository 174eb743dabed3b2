"""Risks and leftovers: what a map shows that nobody asked for. Each is a module here with its RISK."""
