"""InHand: the offsets a consumer is working on right now; one found later means it died there."""

from django.db import models


class InHand(models.Model):
    """Committed before a chunk, removed in the chunk's own transaction."""

    group = models.CharField(max_length=255)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    first_offset = models.BigIntegerField()
    last_offset = models.BigIntegerField()
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    since = models.DateTimeField()

    class Meta:
        verbose_name_plural = "in hand"
        constraints = [
            models.UniqueConstraint(fields=["group", "topic", "partition"], name="in_hand_once"),
        ]

    def __str__(self) -> str:
        offsets = f"{self.first_offset}..{self.last_offset}"
        return f"{self.group} {self.topic}:{self.partition} {offsets}"
