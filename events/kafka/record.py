"""A record as it lies on Kafka, freed from the client's types."""

from typing import Any, NamedTuple

from events.event import Headers, Position

Partition = tuple[str, int]


class Record(NamedTuple):
    """One record: its position, and its bytes as they are."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int | None

    @property
    def where(self) -> Partition:
        """The partition it lies in, with its topic."""
        return self.topic, self.partition

    @property
    def position(self) -> Position:
        """Where it lies."""
        return Position(self.topic, self.partition, self.offset)

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key or b"") + len(self.value or b"")


def record_of(message: Any) -> Record:
    """Return the record that a message of Kafka's client, without an error, holds."""
    kind, timestamp_ms = message.timestamp()
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        _headers(message),
        timestamp_ms if kind else None,
    )


def _headers(message: Any) -> Headers:
    try:
        return tuple(message.headers() or ())
    except UnicodeDecodeError:
        return ()  # a name that is not UTF-8: the client cannot show it, the rest still counts
