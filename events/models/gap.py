"""Gap: a group's position and what lies on Kafka did not fit, and the group went on elsewhere."""

from django.db import models

from events.models.insert_only import insert_only


class Gap(models.Model):
    """Written before the group goes on; `missed` messages were never offered to it."""

    class Cause(models.TextChoices):
        RETENTION = "retention"  # Kafka removed what the group had not read yet
        TRUNCATED = "truncated"  # the group was further than the end of the partition
        RECREATED = "recreated"  # another topic has the name now
        ADDED = "added"  # a partition that was not there when the group began

    class Policy(models.TextChoices):
        EARLIEST = "earliest"  # go on with the first message there is
        STOP = "stop"  # pause the partition until a person resumes it

    group = models.CharField(max_length=255)
    topic = models.CharField(max_length=249)
    partition = models.IntegerField()
    cause = models.CharField(max_length=16, choices=Cause.choices)
    policy = models.CharField(max_length=16, choices=Policy.choices)
    from_offset = models.BigIntegerField(null=True)  # where the group was
    to_offset = models.BigIntegerField()  # where it goes on
    missed = models.BigIntegerField(null=True)  # null: nobody can know
    host = models.CharField(max_length=255)
    pid = models.IntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "topic", "partition", "cause", "from_offset", "to_offset"],
                name="gap_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [models.Index(fields=["group", "-at", "-id"], name="gap_newest")]
        triggers = [insert_only()]

    def __str__(self) -> str:
        return f"{self.group} {self.topic}:{self.partition} {self.cause}"
