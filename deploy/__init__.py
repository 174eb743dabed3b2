"""Tools to run the parts outside of Python: a local Apache Kafka."""
