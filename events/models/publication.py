"""Publication: a confirmed write to Kafka."""

from datetime import datetime
from typing import Self

from django.db import models

from events.event import Position
from events.models.insert_only import insert_only


class PublicationQuerySet(models.QuerySet["Publication"]):
    def at(self, position: Position) -> Self:
        """The publications at one position (one, unless the topic was made anew)."""
        return self.filter(
            topic=position.topic, partition=position.partition, offset=position.offset
        )

    def published_between(self, start: datetime, end: datetime) -> Self:
        """Keep writes confirmed at or after `start` and before `end`."""
        return self.filter(published_at__gte=start, published_at__lt=end)


class Publication(models.Model):
    """The record with this event's id and bytes is at this position. An event may have many."""

    event = models.ForeignKey(
        "events.Event", models.DO_NOTHING, db_constraint=False, related_name="publications"
    )
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    published_at = models.DateTimeField()
    cause = models.CharField(max_length=16)
    by = models.CharField(max_length=255, blank=True, default="")

    objects = PublicationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["topic", "partition", "offset"], name="publication_position"),
            # Republications are few: the first ones, of every event, cost nothing here.
            models.Index(
                fields=["-id"], name="publication_again", condition=~models.Q(cause="first")
            ),
        ]
        triggers = [insert_only()]

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"
