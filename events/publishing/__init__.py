"""Publishing: from a caller's transaction to a confirmed write on Kafka."""
