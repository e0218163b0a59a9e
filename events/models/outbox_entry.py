"""OutboxEntry: an event's place in the queue to Kafka; gone when delivered."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q


class OutboxEntryQuerySet(models.QuerySet["OutboxEntry"]):
    def pending(self) -> Self:
        """Entries that a relay still tries to deliver."""
        return self.filter(parked_at__isnull=True)

    def parked(self) -> Self:
        """Entries that can never be written."""
        return self.filter(parked_at__isnull=False)

    def oldest_pending_at(self) -> datetime | None:
        """When the oldest undelivered entry was made; None if there is no backlog."""
        entry = self.pending().order_by("sequence").first()
        return entry.created_at if entry else None


class OutboxEntry(models.Model):
    """Tiny and hot. `sequence` is the order in which entries of one key reach Kafka."""

    class Cause(models.TextChoices):
        FIRST = "first"
        REPUBLISH = "republish"

    sequence = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(
        "events.Event", models.DO_NOTHING, db_constraint=False, related_name="outbox_entries"
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
