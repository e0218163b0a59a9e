"""Replay: an audited job that consumes old events again."""

from uuid import UUID

from django.db import models

from events.models.identifiers import new_id


class Replay(models.Model):
    """Its id is the generation of a forced replay's ledger rows."""

    class State(models.TextChoices):
        REQUESTED = "requested"
        RUNNING = "running"
        PAUSED = "paused"
        DONE = "done"
        STOPPED = "stopped"
        FAILED = "failed"

    class Range(models.TextChoices):
        ALL = "all"
        OFFSETS = "offsets"
        TIMESTAMPS = "timestamps"

    class Mode(models.TextChoices):
        MISSING = "missing"
        FORCE = "force"

    id: models.UUIDField[UUID, UUID] = models.UUIDField(
        primary_key=True, default=new_id, editable=False
    )
    group = models.CharField(max_length=255)
    topics = models.JSONField(default=list)
    range = models.CharField(max_length=16, choices=Range.choices)
    bounds = models.JSONField(default=dict)
    only = models.JSONField(default=dict)  # {"type": …} or {"key": …}
    mode = models.CharField(max_length=16, choices=Mode.choices, default=Mode.MISSING)
    rate = models.FloatField(null=True)  # messages per second
    state = models.CharField(max_length=16, choices=State.choices, default=State.REQUESTED)
    by = models.CharField(max_length=255)
    reason = models.TextField(blank=True, default="")
    counters = models.JSONField(default=dict)
    positions = models.JSONField(default=dict)  # where to go on, by topic and partition
    report = models.JSONField(default=dict)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "-requested_at"], name="replay_newest")]

    def __str__(self) -> str:
        return f"{self.group} {self.mode} {self.state}"
