"""The questions as tools for programs that speak the Model Context Protocol, by its official SDK."""
