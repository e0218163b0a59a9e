"""Releasing closed keys: what they hold is run by the consumers that own the partitions."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models.functions import Now

from events.models import ClosedKey, DeadLetter

State = DeadLetter.State


def closed_by(letters: Collection[UUID]) -> dict[UUID, ClosedKey]:
    """Return the keys that these letters closed by failing, by letter, locked until the commit."""
    rows = ClosedKey.objects.filter(head__in=letters).order_by("pk").select_for_update()
    return {row.head_id: row for row in rows if row.head_id is not None}


def release(keys: Iterable[ClosedKey], *, reason: str) -> None:
    """Have the owners run what the keys hold, the message that failed first.

    The rows are to be locked; in the caller's transaction.
    """
    keys = list(keys)
    DeadLetter.objects.filter(
        pk__in=[row.head_id for row in keys if row.head_id], state=State.OPEN
    ).update(state=State.HELD, changed_at=Now(), reason=reason)
    ClosedKey.objects.filter(pk__in=[row.pk for row in keys]).update(released_at=Now())


def held_letters(key: ClosedKey) -> int:
    """Return how many messages of the key wait in order."""
    same = DeadLetter.objects.filter(group=key.group, topic=key.topic, key=bytes(key.key))
    return same.filter(state=State.HELD).count()
