"""Kept messages: a record as bytes in the ledger, until people have said what became of it."""

import msgspec

from events.kafka.record import Record


def packed(record: Record) -> bytes:
    """Return the record as bytes that `unpacked` reads."""
    return msgspec.msgpack.encode(record)


def unpacked(raw: bytes) -> Record:
    """Return the record that was packed; raises msgspec.DecodeError if it is none."""
    return msgspec.msgpack.decode(raw, type=Record)
