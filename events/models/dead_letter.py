"""DeadLetter: a message set aside for people, with everything needed to understand it."""

from typing import Self
from uuid import UUID

from django.db import models

from events.models.consumption import LIVE
from events.models.identifiers import new_id


class DeadLetterQuerySet(models.QuerySet["DeadLetter"]):
    def open(self) -> Self:
        """Letters nobody has dealt with yet."""
        return self.filter(state=DeadLetter.State.OPEN)

    def held(self) -> Self:
        """Followers of a closed key, in their order."""
        return self.filter(state=DeadLetter.State.HELD).order_by("topic", "partition", "offset")


class DeadLetter(models.Model):
    """The original bytes, where they lay, and why the group gave up."""

    class State(models.TextChoices):
        OPEN = "open"
        HELD = "held"
        REDRIVING = "redriving"
        REDRIVEN = "redriven"
        DISCARDED = "discarded"

    id: models.UUIDField[UUID, UUID] = models.UUIDField(
        primary_key=True, default=new_id, editable=False
    )
    group = models.CharField(max_length=255)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="children", db_index=False
    )
    key = models.BinaryField(null=True)
    value = models.BinaryField(null=True)
    headers = models.JSONField(default=list)  # [[name, base64 of the bytes or null], …]
    recorded_at = models.DateTimeField(null=True)  # the record's own timestamp on Kafka

    event = models.ForeignKey(
        "events.Event",
        models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="dead_letters",
    )
    source = models.TextField(blank=True, default="")
    ce_id = models.TextField("CloudEvents id", blank=True, default="")
    type = models.CharField(max_length=255, blank=True, default="")
    dedupe_key = models.TextField(blank=True, default="")
    handler = models.CharField(max_length=255, blank=True, default="")
    generation = models.UUIDField(default=LIVE)  # of the ledger row that a redrive runs on
    replay = models.ForeignKey(
        "events.Replay", models.DO_NOTHING, db_constraint=False, db_index=False, null=True
    )
    attempts = models.IntegerField(default=0)
    exception = models.CharField(max_length=255)
    error = models.TextField(blank=True, default="")
    traceback = models.TextField(blank=True, default="")

    state = models.CharField(max_length=16, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    reason = models.TextField(blank=True, default="")  # why a person redrove or discarded it
    result = models.TextField(blank=True, default="")  # what became of a redrive

    objects = DeadLetterQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "topic", "partition", "offset", "parent"],
                name="dead_letter_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-created_at", "-id"], name="dead_letter_newest"),
            models.Index(fields=["group", "exception", "state"], name="dead_letter_kind"),
            models.Index(fields=["group", "-created_at", "-id"], name="dead_letter_of_group"),
            models.Index(
                fields=["exception", "-created_at", "-id"], name="dead_letter_of_exception"
            ),
            models.Index(fields=["topic", "-created_at", "-id"], name="dead_letter_of_topic"),
            models.Index(
                fields=["group", "topic", "key", "partition", "offset"],
                name="dead_letter_held",
                condition=models.Q(state="held"),
            ),
            models.Index(
                fields=["group", "topic", "partition", "offset"],
                name="dead_letter_redriving",
                condition=models.Q(state="redriving"),
            ),
            models.Index(fields=["parent"], name="dead_letter_parent"),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.topic}:{self.partition}:{self.offset}"
