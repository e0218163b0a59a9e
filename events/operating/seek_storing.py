"""Seeks as rows: one at a time is requested of a partition, and its owner acknowledges it."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from events.consuming.process import HOST, PID
from events.kafka.record import Partition
from events.models import Seek
from events.operating.operator import Operator

State = Seek.State


def request_seeks(
    group: str,
    targets: Mapping[Partition, int],
    committed: Mapping[Partition, int | None],
    *,
    by: Operator,
) -> tuple[UUID, ...]:
    """Store a request for each partition, in the caller's transaction; earlier ones end."""
    same = reduce(or_, (Q(topic=topic, partition=number) for topic, number in targets))
    Seek.objects.requested().filter(same, group=group).update(state=State.SUPERSEDED)
    rows = Seek.objects.bulk_create(
        Seek(
            group=group,
            topic=where[0],
            partition=where[1],
            from_offset=committed[where],
            to_offset=target,
            by=by.name,
            reason=by.reason,
            requested_at=Now(),
        )
        for where, target in targets.items()
    )
    return tuple(row.pk for row in rows)


def carried_out(seeks: Iterable[UUID]) -> None:
    """Note that this process changed the offsets in Kafka; a consumer may have been quicker."""
    Seek.objects.requested().filter(pk__in=list(seeks)).update(
        state=State.DONE, done_at=Now(), done_by=f"{HOST}:{PID}"
    )
