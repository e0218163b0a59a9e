"""A record as it lies on Kafka, freed from the client's types."""

from typing import NamedTuple

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
