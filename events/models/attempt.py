"""Attempt: one try of a handler, kept where it tells more than the ledger row does."""

from django.db import models

from events.models.consumption import LIVE
from events.models.insert_only import insert_only


class Attempt(models.Model):
    """Written for every attempt but a plain first success, and for skips of another's key."""

    class Result(models.TextChoices):
        FAILED = "failed"
        SUCCEEDED = "succeeded"
        DUPLICATE = "duplicate"
        CONFLICT = "conflict"

    group = models.CharField(max_length=255)
    dedupe_key = models.TextField()
    generation = models.UUIDField(default=LIVE)
    event = models.ForeignKey(
        "events.Event", models.DO_NOTHING, db_constraint=False, null=True, related_name="attempts"
    )
    source = models.TextField()
    ce_id = models.TextField("CloudEvents id")
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    handler = models.CharField(max_length=255)
    number = models.IntegerField()
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    started_at = models.DateTimeField()
    duration_s = models.FloatField(null=True)
    result = models.CharField(max_length=16, choices=Result.choices)
    error = models.TextField(blank=True, default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["group", "dedupe_key", "generation", "id"], name="attempt_of_key"
            ),
            models.Index(fields=["topic", "-id"], name="attempt_of_topic"),
        ]
        triggers = [insert_only()]

    def __str__(self) -> str:
        return f"{self.group} {self.dedupe_key} attempt {self.number}: {self.result}"
