"""OperatorAction: who changed what by hand, why, from where, and who was refused."""

from typing import Self
from uuid import UUID

from django.db import models

from events.models.identifiers import new_id
from events.models.insert_only import insert_only


class OperatorActionQuerySet(models.QuerySet["OperatorAction"]):
    def on(self, target_type: str, target_id: object) -> Self:
        """What was done to one thing."""
        return self.filter(target_type=target_type, target_id=str(target_id))


class OperatorAction(models.Model):
    """Written by one door, `events.auditing.actions.record_action`: no row, no action."""

    id: models.UUIDField[UUID, UUID] = models.UUIDField(
        primary_key=True, default=new_id, editable=False
    )
    actor = models.CharField(max_length=255)
    action = models.CharField(max_length=64)
    target_type = models.CharField(max_length=64)
    target_id = models.CharField(max_length=1024)
    reason = models.TextField(blank=True, default="")
    details = models.JSONField(default=dict)
    allowed = models.BooleanField()
    origin = models.CharField(max_length=255, blank=True, default="")  # address, or "command line"
    request_id = models.CharField(max_length=255, blank=True, default="")
    at = models.DateTimeField()

    objects = OperatorActionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["target_type", "target_id", "-at"], name="operator_action_target"
            ),
            models.Index(fields=["-at", "-id"], name="operator_action_newest"),
        ]
        triggers = [insert_only()]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.target_type} {self.target_id}"
