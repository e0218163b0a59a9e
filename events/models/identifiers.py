"""Identifiers in time order (UUIDv7, RFC 9562): rows that are made together lie together."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a fresh UUIDv7. It tells roughly when, it never decides an order."""
    return uuid7()
