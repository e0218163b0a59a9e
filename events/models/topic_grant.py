"""TopicGrant: what a user or a group of users may do with topics."""

from typing import Any, Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

PATTERN = r"[a-zA-Z0-9._*-]{1,249}"


class TopicGrantQuerySet(models.QuerySet["TopicGrant"]):
    def of(self, user: Any) -> Self:
        """The grants of a user: their own, and those of the groups they are in."""
        return self.filter(Q(user=user) | Q(group__user=user)).distinct()


class TopicGrant(models.Model):
    """Given to one user or one group, for one topic or a pattern; `*` stands for any text."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    group = models.ForeignKey(
        "auth.Group", models.CASCADE, null=True, blank=True, related_name="+"
    )
    topic = models.CharField(
        max_length=249,
        validators=[
            RegexValidator(rf"\A{PATTERN}\Z", "Use a topic's name; * stands for any text.")
        ],
        help_text="A topic, or a pattern such as order_*.",
    )
    may_publish = models.BooleanField(default=False, help_text="Publish events.")
    may_read = models.BooleanField(
        default=False, help_text="See events and what became of them, without their values."
    )
    may_see_values = models.BooleanField(default=False, help_text="See what the events say.")
    may_operate = models.BooleanField(
        default=False, help_text="Republish, redrive, replay, pause and resume."
    )

    objects = TopicGrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, group__isnull=True)
                | Q(user__isnull=True, group__isnull=False),
                name="topic_grant_one_holder",
                violation_error_message="Choose a user or a group, one of them.",
            ),
            models.UniqueConstraint(
                fields=["user", "topic"],
                condition=Q(user__isnull=False),
                name="topic_grant_of_user",
            ),
            models.UniqueConstraint(
                fields=["group", "topic"],
                condition=Q(group__isnull=False),
                name="topic_grant_of_group",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.group}: {self.topic}"
