"""Event: the fact as it was accepted, stored once and never rewritten."""

from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q

from events.models.identifiers import new_id
from events.models.insert_only import insert_only
from events.models.outbox_entry import OutboxEntry
from events.models.publication import Publication


class EventQuerySet(models.QuerySet["Event"]):
    def newest_first(self) -> Self:
        """Order by acceptance, newest first."""
        return self.order_by("-accepted_at", "-id")

    def with_state(self) -> Self:
        """Annotate `is_published` and `is_parked`, from which `state` is derived."""
        return self.annotate(
            is_published=Exists(Publication.objects.filter(event=OuterRef("pk"))),
            is_parked=Exists(
                OutboxEntry.objects.parked().filter(event=OuterRef("pk"), cause="first")
            ),
        )

    def in_state(self, state: str) -> Self:
        """Keep the events in `state`: accepted, published or parked."""
        wanted = {
            "parked": Q(is_parked=True),
            "published": Q(is_parked=False, is_published=True),
            "accepted": Q(is_parked=False, is_published=False),
        }
        return self.with_state().filter(wanted[state])

    def accepted_between(self, start: datetime, end: datetime) -> Self:
        """Keep events accepted at or after `start` and before `end`."""
        return self.filter(accepted_at__gte=start, accepted_at__lt=end)


class Event(models.Model):
    """What happened. Delivery state lives elsewhere: this stays provably as it was."""

    id: models.UUIDField[UUID, UUID] = models.UUIDField(
        primary_key=True, default=new_id, editable=False
    )
    source = models.TextField()
    ce_id = models.TextField("CloudEvents id")
    topic = models.CharField(max_length=249)
    key = models.TextField(null=True)  # noqa: DJ001 - null and empty differ on Kafka
    type = models.CharField(max_length=255)
    subject = models.TextField(blank=True, default="")
    content_type = models.CharField(max_length=255, default="application/json")
    value = models.BinaryField(null=True)
    value_sha256 = models.BinaryField(null=True)
    headers = models.JSONField(default=list)
    traceparent = models.CharField(max_length=255, blank=True, default="")
    occurred_at = models.DateTimeField()
    accepted_at = models.DateTimeField()
    published_by = models.CharField(max_length=255, blank=True, default="")
    request_id = models.CharField(max_length=255, blank=True, default="")
    idempotency_key = models.CharField(max_length=255, blank=True, default="")

    objects = EventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "ce_id"], name="event_source_ce_id"),
        ]
        indexes = [
            models.Index(fields=["-accepted_at", "-id"], name="event_newest"),
            models.Index(fields=["topic", "-accepted_at", "-id"], name="event_of_topic"),
            models.Index(
                fields=["key", "-accepted_at"], name="event_of_key", condition=Q(key__isnull=False)
            ),
            models.Index(
                fields=["subject", "-accepted_at"],
                name="event_of_subject",
                condition=~Q(subject=""),
            ),
        ]
        triggers = [insert_only()]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
