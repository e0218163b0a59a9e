"""Sample: one figure a minute, for charts and rates; pages count nothing themselves."""

from django.db import models


class Sample(models.Model):
    minute = models.DateTimeField()
    name = models.CharField(max_length=64)
    labels = models.CharField(max_length=255, blank=True, default="")
    value = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "labels", "minute"], name="sample_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.minute:%H:%M}"
