"""Pause: a group, topic or partition that stands still, durably."""

from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import Q

from events.models.identifiers import new_id


class PauseQuerySet(models.QuerySet["Pause"]):
    def active(self, now: datetime) -> Self:
        """Pauses in force at `now`."""
        return self.filter(Q(until__isnull=True) | Q(until__gt=now), resumed_at__isnull=True)


class Pause(models.Model):
    """In force until resumed or expired; without a topic it stops the whole group."""

    id: models.UUIDField[UUID, UUID] = models.UUIDField(
        primary_key=True, default=new_id, editable=False
    )
    group = models.CharField(max_length=255)
    topic = models.CharField(max_length=249, blank=True, default="")
    partition = models.IntegerField(null=True)
    by = models.CharField(max_length=255)
    reason = models.TextField(blank=True, default="")
    paused_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    resumed_at = models.DateTimeField(null=True)
    resumed_by = models.CharField(max_length=255, blank=True, default="")

    objects = PauseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(partition__isnull=True) | ~Q(topic=""),
                name="pause_partition_has_topic",
            ),
        ]
        indexes = [
            models.Index(
                fields=["group"], name="pause_active", condition=Q(resumed_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.topic or 'all topics'}"
