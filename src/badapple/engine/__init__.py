"""Who runs what and when: durable workflows on DBOS. It knows no ads."""
