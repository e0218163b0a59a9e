"""Sharing: a long run tells of an event half a dozen times; its texts are kept in memory once."""

from sys import intern

from tests.checker.history import EventName, Place


def name_of(source: str, own_id: str) -> EventName:
    """Return the event's name."""
    return EventName(intern(source), intern(own_id))


def place_of(topic: str, partition: int, offset: int) -> Place:
    """Return the record's place."""
    return Place(intern(topic), partition, offset)


def shared(text: str | None) -> str | None:
    """Return the same text, if there is one, kept once."""
    return text if text is None else intern(text)
