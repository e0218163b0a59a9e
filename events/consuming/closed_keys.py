"""Closed keys: which keys of a group stand still, so that their messages are held in order."""

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from events.consuming.delivery import Delivery
from events.models import ClosedKey, DeadLetter
from events.sql import array, run

BY = "waybill"  # who closes a key when no person does

TopicKey = tuple[str, bytes]

# Locked against the end of the key: either it is still closed, or nothing is held behind it.
_STILL_CLOSED = """
    SELECT topic, key FROM events_closedkey
    WHERE "group" = %(group)s AND (topic, key) IN
        (SELECT * FROM unnest(%(topics)s::text[], %(keys)s::bytea[]))
    ORDER BY id
    FOR KEY SHARE
"""


@dataclass(kw_only=True, slots=True)
class ClosedKeys:
    """The closed keys of one group as the worker knows them; refreshed by whoever looks.

    A key has at most `key_bytes` bytes and there are at most `most`: what is beyond waits on its
    partition, or goes on as a dead letter. One thread.
    """

    group: str
    most: int
    key_bytes: int
    _keys: frozenset[TopicKey] = frozenset()
    _version: object = field(default=None)

    def holds(self, delivery: Delivery) -> bool:
        """Whether the message's key is closed, as far as is known."""
        return bool(self._keys) and (delivery.record.topic, delivery.record.key) in self._keys

    def can_close(self, delivery: Delivery) -> bool:
        """Whether the message has a key that may be closed (or is)."""
        key = delivery.record.key
        if key is None or len(key) > self.key_bytes:
            return False
        return len(self._keys) < self.most or self.holds(delivery)

    def refresh(self, version: object = None) -> None:
        """Read them anew, unless `version` says that nothing changed since the last time."""
        if version is not None and version == self._version:
            return
        rows = ClosedKey.objects.filter(group=self.group).values_list("topic", "key")
        self._keys = frozenset((topic, bytes(key)) for topic, key in rows)
        self._version = version

    def quarantine(self, delivery: Delivery, *, head: UUID, reason: str) -> None:
        """Close the message's key until people release it; `head` is the letter of the message.

        In the caller's transaction. A key that is closed already stays so, behind the new head;
        behind its own as long as that waits for people: what is held is what followed that one.
        """
        if self._has_open_head(delivery):
            self.refresh()
        else:
            self._close(delivery, cause=ClosedKey.Cause.QUARANTINED, head=head, reason=reason)

    def close_for_retry(self, delivery: Delivery) -> None:
        """Close the message's key while it is tried again, in the caller's transaction."""
        self._close(delivery, cause=ClosedKey.Cause.RETRYING, head=None, reason="")

    def still_closed(self, deliveries: Collection[Delivery]) -> frozenset[TopicKey]:
        """Return which of these keys are closed; they stay so until the transaction ends."""
        wanted = {(each.record.topic, each.record.key or b"") for each in deliveries}
        found = run(
            _STILL_CLOSED,
            {
                "group": self.group,
                "topics": [topic for topic, _ in wanted],
                "keys": array([key for _, key in wanted]),
            },
        )
        return frozenset((topic, bytes(key)) for topic, key in found)

    def open_if_empty(self, key_id: UUID) -> bool:
        """Remove a released key behind which nothing is held any more."""
        with transaction.atomic():
            # Waits for whoever is holding a message right now; then counts.
            released = Q(released_at__isnull=False) | Q(until__lte=Now())
            row = ClosedKey.objects.select_for_update().filter(released, pk=key_id).first()
            if row is None:
                return False
            held = DeadLetter.objects.filter(
                group=row.group, topic=row.topic, key=row.key, state=DeadLetter.State.HELD
            )
            if held.exists():
                return False
            row.delete()
        self._forget(row.topic, bytes(row.key))
        return True

    def _has_open_head(self, delivery: Delivery) -> bool:
        topic, key = delivery.record.topic, delivery.record.key
        rows = ClosedKey.objects.select_for_update(of=("self",)).filter(
            group=self.group, topic=topic, key=key, head__state=DeadLetter.State.OPEN
        )
        return rows.first() is not None

    def _close(
        self, delivery: Delivery, *, cause: ClosedKey.Cause, head: UUID | None, reason: str
    ) -> None:
        record = delivery.record
        retrying = cause is ClosedKey.Cause.RETRYING
        closed = ClosedKey(
            group=self.group,
            topic=record.topic,
            key=record.key or b"",
            cause=cause,
            by=BY,
            reason=reason,
            closed_at=Now(),
            released_at=Now() if retrying else None,
            head_id=head,
        )
        if retrying:
            ClosedKey.objects.bulk_create([closed], ignore_conflicts=True)
        else:
            ClosedKey.objects.bulk_create(
                [closed],
                update_conflicts=True,
                unique_fields=["group", "topic", "key"],
                update_fields=["cause", "by", "reason", "released_at", "until", "head"],
            )
        self._keys |= {(record.topic, record.key or b"")}
        self._version = None

    def _forget(self, topic: str, key: bytes) -> None:
        self._keys -= {(topic, key)}
        self._version = None
