"""Verdicts: what an error of librdkafka says about one record."""

from enum import Enum

from confluent_kafka import KafkaError


class Verdict(Enum):
    """What to do with a record that was not confirmed."""

    NEVER = "never"  # no second attempt can change it
    LATER = "later"  # its topic takes none now: this one may
    UNSAID = "unsaid"  # the client let go of it, Kafka said nothing


# The broker refuses whole batches: only of a record that was sent alone does it speak for certain.
_NEVER = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,  # as one without a key in a compacted topic
    }
)
_UNSAID = frozenset(
    {
        KafkaError._PURGE_QUEUE,
        KafkaError._PURGE_INFLIGHT,
        KafkaError._FATAL,
        KafkaError._GAPLESS_GUARANTEE,
    }
)


def verdict_of(error: KafkaError) -> Verdict:
    """Return the verdict; all that is not known to be for ever may pass: rights, configuration,
    clocks and clusters are mended by people, who should not have to look for lost events."""
    if error.code() in _NEVER:
        return Verdict.NEVER
    return Verdict.UNSAID if error.code() in _UNSAID else Verdict.LATER
