"""Buckets: the share of the keys that one relay at a time moves to Kafka."""

import zlib

BUCKETS = 64


def bucket_of(topic: str, key: str | None, *, event_id: str) -> int:
    """Return the bucket of an event, 0 to 63; all events of a topic and key share one.

    An event without a key has no order to keep: its id spreads it. The numbers are stored in rows
    and must never change.
    """
    identity = event_id if key is None else key
    return zlib.crc32(topic.encode() + b"\0" + identity.encode()) % BUCKETS
