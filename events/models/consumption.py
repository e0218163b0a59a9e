"""Consumption: the ledger, what one consumer group did with one dedupe key."""

from typing import Self
from uuid import UUID

from django.db import models
from django.db.models import Q

LIVE = UUID(int=0)  # the generation of ordinary consuming; a forced replay's is its own id


class ConsumptionQuerySet(models.QuerySet["Consumption"]):
    def of_key(self, dedupe_key: str, *, group: str | None = None) -> Self:
        """What was done with a dedupe key, by one group or by all."""
        found = self.filter(dedupe_key=dedupe_key)
        return found if group is None else found.filter(group=group)

    def unfinished(self) -> Self:
        """Keys that are not done: in work, waiting for a retry, quarantined or unknown."""
        return self.exclude(outcome__in=Consumption.FINISHED)

    def unknown(self) -> Self:
        """External effects of which nobody knows whether they happened."""
        return self.filter(outcome=Consumption.Outcome.UNKNOWN)


class Consumption(models.Model):
    """One row per (group, dedupe key, generation), kept for ever: the truth about duplicates."""

    class Outcome(models.TextChoices):
        STARTED = "started"
        SUCCEEDED = "succeeded"
        RETRYING = "retrying"
        DEAD_LETTERED = "dead_lettered"
        QUARANTINED = "quarantined"
        UNKNOWN = "unknown"

    FINISHED = (Outcome.SUCCEEDED, Outcome.DEAD_LETTERED)

    group = models.CharField(max_length=255)
    dedupe_key = models.TextField()
    generation = models.UUIDField(default=LIVE)
    # The replay that ran it, if one did; a forced one's id is the generation as well.
    replay = models.ForeignKey(
        "events.Replay", models.DO_NOTHING, db_constraint=False, db_index=False, null=True
    )

    event = models.ForeignKey(
        "events.Event",
        models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="consumptions",
    )
    source = models.TextField()
    ce_id = models.TextField("CloudEvents id")
    value_sha256 = models.BinaryField(null=True)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    handler = models.CharField(max_length=255)

    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    attempts = models.IntegerField(default=1)
    host = models.CharField(max_length=255, blank=True, default="")
    pid = models.IntegerField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    effect_began_at = models.DateTimeField(null=True)
    effect_reference = models.TextField(blank=True, default="")
    effect_payload = models.BinaryField(null=True)
    # The message as it was fetched, kept while people have to say whether its effect happened.
    message = models.BinaryField(null=True)
    unknown_count = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    first_at = models.DateTimeField()
    redriven_at = models.DateTimeField(null=True)  # attempts and age count from here on
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")

    objects = ConsumptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "dedupe_key", "generation"], name="consumption_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["outcome", "group", "-id"],
                name="consumption_not_succeeded",
                condition=~Q(outcome="succeeded"),
            ),
            # What a group did with a range of offsets is counted from the index alone.
            models.Index(
                fields=["topic", "partition", "offset", "group"],
                include=["outcome", "generation"],
                name="consumption_position",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.dedupe_key}"
