"""Consuming: from a message on Kafka to one effect, a ledger row and a committed offset."""
