"""Records, topics, ids and merges: the contract every other package imports."""
