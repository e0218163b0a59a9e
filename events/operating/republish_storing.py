"""New places in the outbox for events that were stored long ago."""

from collections.abc import Sequence

from django.db import connection
from django.db.models.functions import Now

from events.models import OutboxEntry
from events.operating.republish_selection import Candidate
from events.publishing.buckets import bucket_of
from events.publishing.wakeup import wake_relays_after_commit

LOCK = (0x57425250, 0)  # "WBRP"; the relays' locks have a class of their own


def one_run_at_a_time() -> None:
    """Wait for the chunk of another run; holds until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", LOCK)


def queue_again(events: Sequence[Candidate], *, by: str) -> None:
    """Store an outbox entry for each event, in this order, and wake the relays at the commit."""
    OutboxEntry.objects.bulk_create(
        OutboxEntry(
            event_id=each.event_id,
            topic=each.topic,
            key=each.key,
            bucket=bucket_of(each.topic, each.key, event_id=str(each.event_id)),
            cause=OutboxEntry.Cause.REPUBLISH,
            by=by,
            created_at=Now(),
        )
        for each in events
    )
    wake_relays_after_commit()
