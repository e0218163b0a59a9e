"""Kept message: a record as bytes, for the ledger row of an effect whose end nobody knows."""

import msgspec

from events.kafka.record import Record

_DECODER = msgspec.msgpack.Decoder(Record)


def packed(record: Record) -> bytes:
    """Return the record as MessagePack."""
    return msgspec.msgpack.encode(record)


def unpacked(raw: bytes) -> Record:
    """Return the record of `packed`; raises msgspec.DecodeError if the bytes are none."""
    return _DECODER.decode(raw)
