"""Durable publish/subscribe on Apache Kafka: outbox, relay, inbox, audit."""
