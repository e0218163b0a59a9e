"""GroupTopic: the topic as a group saw it last, so that another one of its name is noticed."""

from django.db import models


class GroupTopic(models.Model):
    """Kafka's id of the topic (KIP-516) and how many partitions it had."""

    group = models.CharField(max_length=255)
    topic = models.CharField(max_length=249)
    topic_id = models.CharField(max_length=64, blank=True, default="")
    partitions = models.IntegerField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "topic"], name="group_topic_once"),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.topic}"
