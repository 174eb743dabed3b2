"""Then and now: reads what graph/questions/difference.py compares, and puts its answer into words."""
