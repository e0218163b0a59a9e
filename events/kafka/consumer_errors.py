"""Consumer errors: which of librdkafka's pass by themselves, and which end the process."""

from confluent_kafka import KafkaError

# Errors that pass by themselves: librdkafka goes on trying, so do we.
PASSING = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._RESOLVE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.REQUEST_TIMED_OUT,
    }
)
OFFSETS_UNKNOWN = "Failed to fetch committed offset"


def passes(error: KafkaError) -> bool:
    """Whether waiting is enough."""
    if OFFSETS_UNKNOWN in error.str():
        return False  # librdkafka has given up: the partitions would be ours and never fetched
    return bool(error.retriable() or error.code() in PASSING)
