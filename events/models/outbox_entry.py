"""OutboxEntry: an event's place in the queue to Kafka; gone when delivered."""

from typing import Self

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now


class OutboxEntryQuerySet(models.QuerySet["OutboxEntry"]):
    def pending(self) -> Self:
        """Entries that a relay still tries to deliver."""
        return self.filter(parked_at__isnull=True)

    def parked(self) -> Self:
        """Entries that can never be written."""
        return self.filter(parked_at__isnull=False)

    def unpark(self) -> int:
        """Hand parked entries back to the relay; returns how many.

        They are due now, by a time: relays look for entries without one, as publish() stores them,
        above the numbers they are done with.
        """
        return self.parked().update(parked_at=None, retry_at=Now(), attempts=0, last_error="")


class Due(Func):
    """When an entry may be sent: its next attempt, else its wished delay, else at once."""

    template = "coalesce(%(expressions)s, '-infinity'::timestamptz)"
    output_field = models.DateTimeField()


class OutboxEntry(models.Model):
    """Tiny and hot. `sequence` is the order in which entries of one key reach Kafka."""

    class Cause(models.TextChoices):
        FIRST = "first"
        REPUBLISH = "republish"

    sequence = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(
        "events.Event",
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,  # outbox_event
        related_name="outbox_entries",
    )
    topic = models.CharField(max_length=249)
    key = models.TextField(null=True)  # noqa: DJ001 - null and empty differ on Kafka
    bucket = models.SmallIntegerField()
    cause = models.CharField(max_length=16, choices=Cause.choices, default=Cause.FIRST)
    by = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField()
    publish_after = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    last_error = models.TextField(blank=True, default="")
    parked_at = models.DateTimeField(null=True)

    objects = OutboxEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "outbox entries"
        constraints = [
            models.CheckConstraint(
                condition=Q(bucket__gte=0, bucket__lt=64), name="outbox_bucket_range"
            ),
        ]
        indexes = [
            # What the relay reads: a topic's entries in order, and those whose time has come. Its
            # statements repeat the expression as it stands here.
            models.Index(
                F("topic"),
                Due("retry_at", "publish_after"),
                F("sequence"),
                name="outbox_ready",
                condition=Q(parked_at__isnull=True),
            ),
            # "Does an earlier entry of this key wait?" reads only the few that do.
            models.Index(
                fields=["topic", "key", "sequence"],
                name="outbox_waiting",
                condition=Q(retry_at__isnull=False) | Q(parked_at__isnull=False),
            ),
            models.Index(fields=["event"], name="outbox_event"),
        ]

    def __str__(self) -> str:
        return f"#{self.sequence} to {self.topic}"
