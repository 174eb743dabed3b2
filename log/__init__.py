"""The log: one contract, kept by a local SQLite file and by Apache Kafka."""
