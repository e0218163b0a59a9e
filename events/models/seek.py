"""Seek: a person's wish that a group goes on at another offset of a partition."""

from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import Q

from events.models.identifiers import new_id


class SeekQuerySet(models.QuerySet["Seek"]):
    def requested(self) -> Self:
        """Seeks that the owner of the partition has still to carry out."""
        return self.filter(state=Seek.State.REQUESTED)


class Seek(models.Model):
    """Carried out at once where no member lives, else by the consumer that owns the partition."""

    class State(models.TextChoices):
        REQUESTED = "requested"
        DONE = "done"
        SUPERSEDED = "superseded"  # a later one of the same partition came first

    id: models.UUIDField[UUID, UUID] = models.UUIDField(
        primary_key=True, default=new_id, editable=False
    )
    group = models.CharField(max_length=255)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    from_offset = models.BigIntegerField(null=True)  # committed when it was asked for
    to_offset = models.BigIntegerField()  # of the next message to read
    state = models.CharField(max_length=16, choices=State.choices, default=State.REQUESTED)
    by = models.CharField(max_length=255)
    reason = models.TextField(blank=True, default="")
    requested_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.CharField(max_length=255, blank=True, default="")  # host:pid of the consumer

    objects = SeekQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "topic", "partition"],
                condition=Q(state="requested"),
                name="seek_one_requested",
            ),
        ]
        indexes = [
            models.Index(fields=["group", "-requested_at", "-id"], name="seek_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.topic}:{self.partition} to {self.to_offset}"
