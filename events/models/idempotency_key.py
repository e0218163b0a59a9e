"""IdempotencyKey: the answer a caller got, kept so that a retry gets the same one."""

from django.db import models


class IdempotencyKey(models.Model):
    """Written in the same transaction as the events it stands for; kept at least 24 hours."""

    caller = models.CharField(max_length=255)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField()
    status = models.SmallIntegerField()
    body = models.BinaryField()
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caller", "key"], name="idempotency_key_once"),
        ]

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
