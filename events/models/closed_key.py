"""ClosedKey: one key of one topic that a group does not handle for now."""

from uuid import UUID

from django.db import models

from events.models.identifiers import new_id


class ClosedKey(models.Model):
    """Its followers are `held` letters, in order, until it is released and none is left."""

    class Cause(models.TextChoices):
        PAUSED = "paused"
        QUARANTINED = "quarantined"

    id: models.UUIDField[UUID, UUID] = models.UUIDField(
        primary_key=True, default=new_id, editable=False
    )
    group = models.CharField(max_length=255)
    topic = models.CharField(max_length=249)
    key = models.BinaryField()
    cause = models.CharField(max_length=16, choices=Cause.choices)
    by = models.CharField(max_length=255)
    reason = models.TextField(blank=True, default="")
    closed_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "topic", "key"], name="closed_key_once"),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.topic} {bytes(self.key)!r}"
