"""Pausing: a group, a topic, a partition or one key stands still until it is resumed."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from events.conf import waybill
from events.errors import PauseRefused
from events.models import ClosedKey, Pause
from events.operating.key_release import held_letters, release
from events.operating.known_group import check_partition, one_change_at_a_time, topics_of
from events.operating.operator import Operator
from events.sql import database_time

Cause = ClosedKey.Cause


def pause(
    group: str,
    *,
    topic: str = "",
    partition: int | None = None,
    key: bytes | None = None,
    until: datetime | None = None,
    by: Operator,
) -> Pause | ClosedKey:
    """Stop the group, or its topic, partition or key, until resumed or until `until`.

    Running consumers notice within a second, others at their start. While a key is paused the
    rest of its partition flows, and its messages are held in order.

    Raises PauseRefused, with what to do, for what cannot be paused or stands still like that
    already.
    """
    topics_of(group, topic=topic, refusal=PauseRefused)
    check_partition(group, topic=topic, partition=partition, refusal=PauseRefused)
    with transaction.atomic():
        one_change_at_a_time(group)
        if until is not None and until <= database_time():
            raise PauseRefused(f"{until:%Y-%m-%d %H:%M:%S %Z} is over already")
        if key is None:
            return _stop(group, topic=topic, partition=partition, until=until, by=by)
        _check_key(key, topic=topic, partition=partition)
        return _close(group, topic=topic, key=key, until=until, by=by)


def resume(pause_id: UUID, *, by: Operator) -> Pause | ClosedKey:
    """End a pause, or release a closed key: what it holds is run, in order, before what follows.

    Raises PauseRefused if there is none of this id, or it ended already.
    """
    with transaction.atomic():
        row = Pause.objects.select_for_update().filter(pk=pause_id).first()
        if row is not None:
            return _start(row, by=by)
        key = ClosedKey.objects.select_for_update().filter(pk=pause_id).first()
        if key is not None:
            return _open(key, by=by)
        raise PauseRefused(f"there is no pause and no closed key {pause_id}")


def paused(group: str) -> list[Pause | ClosedKey]:
    """Return what of the group stands still now, pauses first, each the oldest first."""
    now = database_time()
    pauses = Pause.objects.filter(group=group).active(now).order_by("paused_at", "pk")
    keys = ClosedKey.objects.filter(_in_force(now), group=group).order_by("closed_at", "pk")
    return [*pauses, *keys]


def _in_force(now: datetime) -> Q:
    return Q(Q(until__isnull=True) | Q(until__gt=now), released_at__isnull=True)


def _stop(
    group: str, *, topic: str, partition: int | None, until: datetime | None, by: Operator
) -> Pause:
    same = Pause.objects.active(database_time()).filter(
        group=group, topic=topic, partition=partition
    )
    if (earlier := same.first()) is not None:
        raise PauseRefused(
            f"it is paused already, by {earlier.by} ({earlier.reason}): resume {earlier.pk} first"
        )
    row = Pause.objects.create(
        group=group,
        topic=topic,
        partition=partition,
        until=until,
        by=by.name,
        reason=by.reason,
        paused_at=Now(),
    )
    row.refresh_from_db()
    _record("pause", row, by=by)
    return row


def _check_key(key: bytes, *, topic: str, partition: int | None) -> None:
    most = waybill().limits.key_bytes
    if not topic:
        raise PauseRefused("a key belongs to a topic: name the topic, too")
    if partition is not None:
        raise PauseRefused("a key is always in the same partition: leave the partition out")
    if not 0 < len(key) <= most:
        raise PauseRefused(f"the key has {len(key)} bytes: 1 to {most} are allowed")


def _close(
    group: str, *, topic: str, key: bytes, until: datetime | None, by: Operator
) -> ClosedKey:
    row, is_new = ClosedKey.objects.select_for_update().get_or_create(
        group=group,
        topic=topic,
        key=key,
        defaults={"cause": Cause.PAUSED, "by": by.name, "closed_at": Now()},
    )
    if not is_new:
        _check_may_be_paused(row)
    # A key that was released and still drains is closed again: what is left of it stays held.
    row.cause, row.by, row.reason = Cause.PAUSED, by.name, by.reason
    row.closed_at, row.until, row.released_at = Now(), until, None
    row.save(update_fields=["cause", "by", "reason", "closed_at", "until", "released_at"])
    row.refresh_from_db()
    _record("pause", row, by=by)
    return row


def _check_may_be_paused(row: ClosedKey) -> None:
    is_over = row.until is not None and row.until <= database_time()
    if row.cause == Cause.RETRYING:
        raise PauseRefused(
            "the key is closed already: its first message is being retried and the others are "
            f"held behind it. Wait for it, or discard letter {row.head_id}"
        )
    if row.released_at is not None or is_over:
        return
    how = "in quarantine" if row.cause == Cause.QUARANTINED else "paused already"
    raise PauseRefused(f"the key is {how}, by {row.by} ({row.reason}): release {row.pk} first")


def _start(row: Pause, *, by: Operator) -> Pause:
    if row.resumed_at is not None:
        raise PauseRefused(f"it was resumed already, by {row.resumed_by}")
    if row.until is not None and row.until <= database_time():
        raise PauseRefused(f"it ended by itself at {row.until:%Y-%m-%d %H:%M:%S %Z}")
    row.resumed_at, row.resumed_by = Now(), by.name
    row.save(update_fields=["resumed_at", "resumed_by"])
    row.refresh_from_db()
    _record("resume", row, by=by)
    return row


def _open(key: ClosedKey, *, by: Operator) -> ClosedKey:
    if key.released_at is not None:
        raise PauseRefused(
            f"the key was released already; {held_letters(key)} messages of it are still held, "
            "and run in order"
        )
    release([key], reason=by.reason)
    key.refresh_from_db()
    _record("resume", key, by=by, held=held_letters(key))
    return key


def _record(action: str, row: Pause | ClosedKey, *, by: Operator, **more: int) -> None:
    details = {
        "topic": row.topic,
        "until": row.until.isoformat() if row.until else None,
        **more,
    }
    if isinstance(row, ClosedKey):
        details |= {"closed_key": str(row.pk), "cause": row.cause}
        details["key"] = bytes(row.key).decode("utf-8", "backslashreplace")
    else:
        details |= {"pause": str(row.pk), "partition": row.partition}
    by.record(action, target_type="consumer_group", target_id=row.group, details=details)
