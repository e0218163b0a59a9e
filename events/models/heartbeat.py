"""Heartbeat: which processes live, what they hold, when they last moved."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    def alive(self, now: datetime, *, stale_s: float) -> Self:
        """Processes whose last beat is younger than `stale_s` seconds."""
        return self.filter(beat_at__gte=now - timedelta(seconds=stale_s))


class Heartbeat(models.Model):
    """One row a process, updated in place, removed when it ends well."""

    process = models.UUIDField(primary_key=True, editable=False)
    role = models.CharField(max_length=32)  # relay, consumer
    name = models.CharField(max_length=255, blank=True, default="")  # the group of a consumer
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    database_pid = models.IntegerField(null=True)  # the session that holds the locks
    assignment = models.JSONField(default=list)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    progress_at = models.DateTimeField(null=True)

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        verbose_name = "process"
        verbose_name_plural = "processes"
        indexes = [models.Index(fields=["role", "name", "beat_at"], name="heartbeat_role")]

    def __str__(self) -> str:
        return f"{self.role} {self.name} {self.host}:{self.pid}"
