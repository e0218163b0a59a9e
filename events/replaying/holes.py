"""Holes: offsets of a replay's range at which Kafka has no message, looked up in the archive."""

from collections.abc import Callable
from dataclasses import dataclass

from events.kafka.record import Record
from events.replaying.archive import Known, Written, archived, known_events
from events.replaying.lanes import Piece

PAGE = 500  # events taken from the archive at once
PAGE_BYTES = 4_000_000  # of their values


@dataclass(frozen=True, kw_only=True, slots=True)
class Holes:
    """Looks into holes; `piece_of` makes a piece of a record, as of one from Kafka."""

    from_archive: bool
    piece_of: Callable[[Record], Piece]

    def parts(self, hole: Piece) -> list[Piece]:
        """Return what stands in the place of a hole: messages, what is absent, a smaller hole."""
        where, first, before = hole.where, hole.first, hole.next_offset
        if not self.from_archive:
            return [_absent(hole, first, before, known_events(where, first, before))]
        page, looked_to = archived(where, first, before, most=PAGE, most_bytes=PAGE_BYTES)
        parts: list[Piece] = []
        lost: list[Written] = []
        at = first
        for written in page:
            if written.record is None:
                lost.append(written)
                continue
            offset = written.position.offset
            parts += _absent_between(hole, at, offset, lost)
            parts.append(self.piece_of(written.record)._replace(is_archived=True))
            lost, at = [], offset + 1
        parts += _absent_between(hole, at, looked_to, lost)
        if looked_to < before:
            parts.append(hole._replace(first=looked_to))
        return parts


def _absent_between(hole: Piece, first: int, before: int, lost: list[Written]) -> list[Piece]:
    known = Known(len(lost), [str(each.event_id) for each in lost])
    return [_absent(hole, first, before, known)] if first < before else []


def _absent(hole: Piece, first: int, before: int, known: Known) -> Piece:
    return Piece(hole.where, first, before, absent=known)
