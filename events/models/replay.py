"""Replay: an audited job that consumes old events again."""

from typing import Self
from uuid import UUID

from django.db import models

from events.models.identifiers import new_id


class ReplayQuerySet(models.QuerySet["Replay"]):
    def newest_first(self) -> Self:
        """Order by request, newest first."""
        return self.order_by("-requested_at", "-id")

    def active(self) -> Self:
        """Replays that are not over: asked for, running or paused."""
        return self.filter(state__in=Replay.ACTIVE)


class Replay(models.Model):
    """Its id is the generation of a forced replay's ledger rows."""

    class State(models.TextChoices):
        REQUESTED = "requested"
        RUNNING = "running"
        PAUSED = "paused"
        DONE = "done"
        STOPPED = "stopped"
        FAILED = "failed"

    ACTIVE = (State.REQUESTED, State.RUNNING, State.PAUSED)

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
    rate = models.FloatField(null=True)  # messages given to handlers per second, at most
    from_archive = models.BooleanField(default=False)  # what Kafka lost is taken from Event
    # What was resolved when it was asked for, one entry a partition:
    # {"topic", "partition", "from", "to", "first", "end", "committed"}, all offsets.
    plan = models.JSONField(default=list)
    state = models.CharField(max_length=16, choices=State.choices, default=State.REQUESTED)
    by = models.CharField(max_length=255)
    reason = models.TextField(blank=True, default="")
    counters = models.JSONField(default=dict)
    positions = models.JSONField(default=dict)  # where to go on, by topic and partition
    report = models.JSONField(default=dict)
    requested_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    progress_at = models.DateTimeField(null=True)  # when positions and counters were saved
    # The process that runs it, for as long as its lease is renewed.
    host = models.CharField(max_length=255, blank=True, default="")
    pid = models.IntegerField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)

    objects = ReplayQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "-requested_at"], name="replay_newest"),
            models.Index(fields=["-requested_at", "-id"], name="replay_list"),
        ]
        permissions = [("force_replay", "Can replay what is done already (mode force)")]

    def __str__(self) -> str:
        return f"{self.group} {self.mode} {self.state}"
