"""Every error librdkafka knows, and what it means for one record."""

import pytest
from confluent_kafka import KafkaError

from events.kafka.verdicts import Verdict, verdict_of

NEVER = {"MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD"}
UNSAID = {"_PURGE_QUEUE", "_PURGE_INFLIGHT", "_FATAL", "_GAPLESS_GUARANTEE"}
# What a producer may be told, among others; each may pass without anybody touching the event.
LATER = {
    "_ALL_BROKERS_DOWN",
    "_AUTHENTICATION",
    "_BAD_COMPRESSION",
    "_BAD_MSG",
    "_INVALID_ARG",
    "_MSG_TIMED_OUT",
    "_RESOLVE",
    "_SSL",
    "_TIMED_OUT",
    "_TIMED_OUT_QUEUE",
    "_TRANSPORT",
    "_UNKNOWN_PARTITION",
    "_UNKNOWN_TOPIC",
    "CLUSTER_AUTHORIZATION_FAILED",
    "INVALID_MSG",
    "INVALID_MSG_SIZE",
    "INVALID_PRODUCER_EPOCH",
    "INVALID_REQUIRED_ACKS",
    "INVALID_TIMESTAMP",  # the broker's clock or the relay's is wrong, not the event
    "KAFKA_STORAGE_ERROR",
    "LEADER_NOT_AVAILABLE",
    "NOT_ENOUGH_REPLICAS",
    "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
    "NOT_LEADER_FOR_PARTITION",
    "OUT_OF_ORDER_SEQUENCE_NUMBER",
    "POLICY_VIOLATION",
    "REQUEST_TIMED_OUT",
    "THROTTLING_QUOTA_EXCEEDED",
    "TOPIC_AUTHORIZATION_FAILED",
    "TOPIC_EXCEPTION",
    "UNKNOWN",
    "UNKNOWN_PRODUCER_ID",
    "UNKNOWN_TOPIC_OR_PART",
    "UNSUPPORTED_COMPRESSION_TYPE",
    "UNSUPPORTED_FOR_MESSAGE_FORMAT",
}


def codes() -> dict[str, int]:
    found = {name: getattr(KafkaError, name) for name in dir(KafkaError)}
    return {name: code for name, code in found.items() if name.strip("_").isupper()}


@pytest.mark.parametrize(
    ("names", "verdict"),
    [(NEVER, Verdict.NEVER), (UNSAID, Verdict.UNSAID), (LATER, Verdict.LATER)],
)
def test_every_error_of_a_producer_has_its_verdict(names: set[str], verdict: Verdict) -> None:
    known = codes()
    assert {name: verdict_of(KafkaError(known[name])) for name in names} == dict.fromkeys(
        names, verdict
    )


def test_nothing_but_what_is_listed_parks_an_event() -> None:
    parking = {
        name for name, code in codes().items() if verdict_of(KafkaError(code)) is Verdict.NEVER
    }
    assert parking == NEVER
