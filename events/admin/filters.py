"""Filters of the lists; their choices come from declarations in code, never from a scan."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.admin import SimpleListFilter
from django.db.models import Model, QuerySet, TextChoices
from django.db.models.functions import Now
from django.http import HttpRequest

from events.consuming.subscriptions import groups, subscriptions
from events.grants import Right, grants_of
from events.models import Replay
from events.sql import database_time
from events.topics import Topic, declared_topics

Choices = list[tuple[str, str]]
Rows = QuerySet[Model]

_AGES = {"15m": 15, "1h": 60, "24h": 24 * 60, "7d": 7 * 24 * 60}


class EqualsFilter(SimpleListFilter):
    """Rows whose column `parameter_name` is what was chosen."""

    def queryset(self, _request: HttpRequest, queryset: Rows) -> Rows:
        """Narrow the list, if something was chosen."""
        chosen = self.value()
        return (
            queryset if chosen is None else queryset.filter(**{self.parameter_name or "": chosen})
        )


class TopicFilter(EqualsFilter):
    """By topic, of those declared."""

    title = "topic"
    parameter_name = "topic"

    def lookups(self, request: HttpRequest, _model_admin: Any) -> Choices:
        """Offer the declared topics that the viewer may read."""
        return [(topic.name, topic.name) for topic in _offered(request)]


class TypeFilter(EqualsFilter):
    """By event type, of those declared."""

    title = "event type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, _model_admin: Any) -> Choices:
        """Offer the types of the declared topics that the viewer may read."""
        names = {name for topic in _offered(request) for name in topic.type_names()}
        return [(name, name) for name in sorted(names)]


class GroupFilter(EqualsFilter):
    """By consumer group, of those that subscribe."""

    title = "group"
    parameter_name = "group"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Choices:
        """Offer the groups that subscribe to something."""
        return [(name, name) for name in groups()]


class ExceptionFilter(EqualsFilter):
    """By the exception that was chosen; which there are is told by the page of the kinds."""

    title = "exception"
    parameter_name = "exception"

    def lookups(self, request: HttpRequest, _model_admin: Any) -> Choices:
        """Offer what is chosen, to be seen and left."""
        chosen = request.GET.get(self.parameter_name)
        return [(chosen, chosen)] if chosen else []


class ReplayFilter(SimpleListFilter):
    """By the replay that was chosen: what it set aside, by the index of its group's letters."""

    title = "replay"
    parameter_name = "replay"

    def lookups(self, request: HttpRequest, _model_admin: Any) -> Choices:
        """Offer what is chosen, to be seen and left."""
        chosen = request.GET.get(self.parameter_name)
        return [(chosen, f"…{chosen[-12:]}")] if chosen else []

    def queryset(self, _request: HttpRequest, queryset: Rows) -> Rows:
        """Narrow the list, if one was chosen."""
        chosen = self.value()
        if chosen is None:
            return queryset
        try:
            replay = Replay.objects.only("group", "requested_at").get(pk=UUID(chosen))
        except (ValueError, Replay.DoesNotExist):
            return queryset.none()
        return queryset.filter(
            replay=replay.pk, group=replay.group, created_at__gte=replay.requested_at
        )


class HandlerFilter(EqualsFilter):
    """By handler, of those declared."""

    title = "handler"
    parameter_name = "handler"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Choices:
        """Offer the names of the handlers that subscribe."""
        return [(name, name) for name in sorted({each.name for each in subscriptions()})]


def _offered(request: HttpRequest) -> list[Topic]:
    grants = grants_of(request.user)
    return [topic for topic in declared_topics() if grants.allows(Right.READ, topic.name)]


def among(column: str, choices: type[TextChoices]) -> type[EqualsFilter]:
    """Return a filter over the choices of a column."""

    class ChoiceFilter(EqualsFilter):
        title = column
        parameter_name = column

        def lookups(self, _request: HttpRequest, _model_admin: Any) -> Choices:
            return [(str(value), str(label)) for value, label in choices.choices]

    return ChoiceFilter


def begun(age: str | None) -> datetime | None:
    """Return when the age that was chosen in such a filter begins, by the database's clock."""
    minutes = _AGES.get(age or "")
    return None if minutes is None else database_time() - timedelta(minutes=minutes)


def since(column: str) -> type[SimpleListFilter]:
    """Return a filter for rows whose time in `column` is recent, by the database's clock."""

    class AgeFilter(SimpleListFilter):
        title = "time"
        parameter_name = "age"

        def lookups(self, _request: HttpRequest, _model_admin: Any) -> Choices:
            return [
                ("15m", "Last 15 minutes"),
                ("1h", "Last hour"),
                ("24h", "Last 24 hours"),
                ("7d", "Last 7 days"),
            ]

        def queryset(self, _request: HttpRequest, queryset: Rows) -> Rows:
            minutes = _AGES.get(self.value() or "")
            if minutes is None:
                return queryset
            return queryset.filter(**{f"{column}__gte": Now() - timedelta(minutes=minutes)})

    return AgeFilter
