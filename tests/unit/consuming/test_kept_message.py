"""A kept message comes back as it was fetched."""

import msgspec
import pytest

from events.consuming.kept_message import packed, unpacked
from events.kafka.record import Record

RECORD = Record("orders", 2, 2**40, b"\xff", b'{"n": 1}', (("ce_id", b"1"), ("none", None)), 17)


@pytest.mark.parametrize(
    "record", [RECORD, RECORD._replace(key=None, value=None, headers=(), timestamp_ms=None)]
)
def test_it_comes_back_as_it_was(record: Record) -> None:
    assert unpacked(packed(record)) == record


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        unpacked(b"")
