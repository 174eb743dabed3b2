"""The log: one protocol, the local SQLite log and Apache Kafka behind it."""
