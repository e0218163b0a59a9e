"""The consumer's librdkafka settings: ours, then the environment's, then the caller's."""

from collections.abc import Mapping
from typing import Any

from events.conf import kafka_settings

DEFAULTS: dict[str, Any] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "isolation.level": "read_committed",
    "partition.assignment.strategy": "cooperative-sticky",
    "session.timeout.ms": 45_000,
    "max.poll.interval.ms": 300_000,
    # What is fetched ahead is bounded in bytes; the client counts it as it comes, compressed
    # ten- or fiftyfold, so that one fetch of a partition must be small too.
    "queued.max.messages.kbytes": 4_096,
    "queued.min.messages": 5_000,
    "fetch.message.max.bytes": 262_144,
    "fetch.queue.backoff.ms": 20,
    "reconnect.backoff.max.ms": 1_000,
    "allow.auto.create.topics": False,
    "log_level": 2,  # what matters arrives as errors and is said once, by us
    # A topic made after the group started is noticed within this time.
    "topic.metadata.refresh.interval.ms": 10_000,
}
# Not for the environment: what Kafka has lost is told, and written down, before a group goes on.
# Where it begins and what follows a gap are settings of ours (`start_at`, `on_gap`).
OURS: dict[str, Any] = {"auto.offset.reset": "error"}
# Settings that the broker decides under KIP-848; librdkafka refuses them there.
CLASSIC_ONLY = ("partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms")


def consumer_settings(group: str, *, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a member of `group`, as far as its group protocol takes them."""
    settings = DEFAULTS | kafka_settings("consumer") | OURS | dict(overrides)
    if settings.get("group.protocol") == "consumer":
        for name in CLASSIC_ONLY:
            settings.pop(name, None)
    return settings | {"group.id": group}
