"""Chosen: which messages of its range a replay is for, by type, key or their own time."""

from dataclasses import dataclass
from datetime import datetime

from events.consuming.delivery import Item, Passed, Undecodable
from events.kafka.record import Record
from events.models import Replay
from events.replaying.request import Times
from events.replaying.stored_request import request_of

_TYPE = "ce_type"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """What is left out counts as `other`. Times are milliseconds of the records' own clock."""

    type: str | None = None
    key: bytes | None = None
    start_ms: int | None = None
    before_ms: int | None = None

    def has(self, record: Record) -> bool:
        """Whether the record may be chosen, as far as can be seen before it is decoded."""
        if self.key is not None and record.key != self.key:
            return False
        at = record.timestamp_ms
        if at is None:
            return True  # as old as anything
        is_early = self.start_ms is not None and at < self.start_ms
        return not is_early and (self.before_ms is None or at < self.before_ms)

    def takes(self, item: Item) -> bool:
        """Whether the group has a handler for the decoded message, and its type is chosen."""
        if isinstance(item, Passed):
            return False
        if self.type is None:
            return True
        if isinstance(item, Undecodable):
            said = dict(item.record.headers).get(_TYPE)
            return said is not None and said == self.type.encode()
        return item.subscription.type == self.type


def chosen_by(replay: Replay) -> Chosen:
    """Return what the replay's request says."""
    request = request_of(replay)
    times = request.range if isinstance(request.range, Times) else Times()
    return Chosen(
        type=request.type,
        key=request.key,
        start_ms=_ms(times.start),
        before_ms=_ms(times.before),
    )


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)
