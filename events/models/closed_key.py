"""ClosedKey: one key of one topic whose messages a group sets aside in order, for now."""

from uuid import UUID

from django.db import models

from events.models.identifiers import new_id


class ClosedKey(models.Model):
    """Its followers are `held` letters, in order, until it is released and none is left.

    Released (or past `until`), the consumer that owns the partition runs them in order; the row
    goes when none is left. A message that is retried on its key closes the key, too, and is the
    first of what is held: such a key is released from the beginning.
    """

    class Cause(models.TextChoices):
        PAUSED = "paused"
        QUARANTINED = "quarantined"
        RETRYING = "retrying"

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
    # The message that closed the key by failing; a release runs it before its followers.
    head = models.ForeignKey(
        "events.DeadLetter", models.SET_NULL, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "topic", "key"], name="closed_key_once"),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.topic} {bytes(self.key)!r}"
