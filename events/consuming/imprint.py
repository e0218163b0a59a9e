"""Imprint: an event's name with a short hash of its value, as Redis and the ledger remember it."""

_DIGITS = 16
_TOMBSTONE = "0" * _DIGITS


def imprint(event_name: str, digest: bytes | None) -> str:
    """Return `source/id#hash`: 16 hexadecimal digits of the value's SHA-256, zeros for none."""
    return f"{event_name}#{_TOMBSTONE if digest is None else digest.hex()[:_DIGITS]}"


def named_by(written: str) -> str:
    """Return the event's name in an imprint; a text without a hash is a name."""
    name, mark, digits = written.rpartition("#")
    return name if mark and len(digits) == _DIGITS else written
