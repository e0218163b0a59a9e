"""Unparking: what could not be written goes back to the relay, once its cause is mended."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from events.models import OutboxEntry
from events.operating.operator import Operator
from events.publishing.wakeup import wake_relays_after_commit
from events.topics import declared_topics

ACTION = "unpark"
TOLD_ERRORS = 5  # different reasons for which entries were parked, kept with the action


@dataclass(frozen=True, kw_only=True, slots=True)
class Unparked:
    """What was handed back, or would be; `left` names what was not, each with the reason."""

    entries: tuple[OutboxEntry, ...]
    left: tuple[str, ...]


class Unparking:
    """Parked entries, chosen by outbox sequence and event id, by topic, or all of them.

    Each is due at once and has no attempts behind it; its error is kept with the action. Its
    place in the queue stays, so the followers of its key, which waited behind it, flow
    after it in order; with it the event is no longer `parked`. If the cause is not mended the
    relay parks it again.

    Left where they are: entries of topics that are no longer declared. Nobody makes such a topic
    any more, so the relay would try for ever and the age of the backlog would stop all publishing.

    An entry is the first of its event or a republished one; both are handed back.
    """

    def __init__(
        self, *, sequences: Sequence[int] = (), event_ids: Sequence[UUID] = (), topic: str = ""
    ) -> None:
        self._sequences = tuple(sequences)
        self._event_ids = tuple(event_ids)
        self._topic = topic

    def preview(self) -> Unparked:
        """Return what would be handed back now; changes nothing."""
        return self._told(self._chosen().order_by("sequence"))

    def carry_out(self, *, by: Operator) -> Unparked:
        """Hand the entries back in one transaction with its operator actions; wake the relays.

        Named entries get an action each, on their event, so that its waybill shows it; a topic, or
        all of them, is one action. Raises what the database raises: then nothing was done.
        """
        with transaction.atomic():
            # Locked: who unparks the same at the same time finds nothing left to do.
            found = self._told(self._chosen().order_by("sequence").select_for_update())
            if found.entries:
                sequences = [entry.sequence for entry in found.entries]
                OutboxEntry.objects.filter(sequence__in=sequences).unpark()
                self._record(found.entries, by=by)
                wake_relays_after_commit()
        return found

    def _chosen(self) -> QuerySet[OutboxEntry]:
        parked = OutboxEntry.objects.parked()
        if self._is_by_name:
            return parked.filter(Q(sequence__in=self._sequences) | Q(event__in=self._event_ids))
        return parked.filter(topic=self._topic) if self._topic else parked

    @property
    def _is_by_name(self) -> bool:
        return bool(self._sequences or self._event_ids)

    def _told(self, entries: Iterable[OutboxEntry]) -> Unparked:
        found = tuple(entries)
        declared = {topic.name for topic in declared_topics()}
        undeclared = [entry for entry in found if entry.topic not in declared]
        return Unparked(
            entries=tuple(entry for entry in found if entry.topic in declared),
            left=(
                *(f"{each}: the topic is no longer declared" for each in undeclared),
                *(f"{name}: nothing parked is called so" for name in self._missing(found)),
            ),
        )

    def _missing(self, found: Sequence[OutboxEntry]) -> list[int | UUID]:
        known: set[int | UUID] = {entry.sequence for entry in found}
        known |= {entry.event_id for entry in found}
        asked: tuple[int | UUID, ...] = (*self._sequences, *self._event_ids)
        return [name for name in asked if name not in known]

    def _record(self, entries: Sequence[OutboxEntry], *, by: Operator) -> None:
        if self._is_by_name:
            for entry in entries:
                details = {"sequence": entry.sequence, "error": entry.last_error}
                by.record(ACTION, target_type="event", target_id=entry.event_id, details=details)
            return
        errors = sorted({entry.last_error for entry in entries})
        by.record(
            ACTION,
            target_type="outbox",
            target_id=self._topic or "*",
            details={
                "entries": len(entries),
                "first_sequence": entries[0].sequence,
                "last_sequence": entries[-1].sequence,
                "errors": errors[:TOLD_ERRORS],
            },
        )
