"""The outbox: what waits for Kafka, and what can never be written."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.by_topic import ByTopic
from events.admin.filters import Choices, EqualsFilter, TopicFilter
from events.models import OutboxEntry


class ParkedFilter(EqualsFilter):
    """Waiting or parked."""

    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Choices:
        """Offer the two."""
        return [("waiting", "Waiting"), ("parked", "Parked")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Narrow the list to one state."""
        if self.value() not in {"waiting", "parked"}:
            return queryset
        return queryset.filter(parked_at__isnull=self.value() == "waiting")


@admin.register(OutboxEntry)
class OutboxEntryAdmin(ByTopic[OutboxEntry]):
    """The backlog, oldest first."""

    list_display = ("place", "waybill", "shown_key", "state", "created", "attempts", "problem")
    list_filter = (ParkedFilter, TopicFilter)
    ordering = ("sequence",)
    fields = (
        "sequence", "waybill", "state", "topic", "shown_key", "bucket", "cause", "by", "created",
        "not_before", "next_attempt", "attempts", "parked", "last_error",
    )  # fmt: skip
    readonly_fields = (
        "sequence", "waybill", "state", "shown_key", "created", "not_before", "next_attempt",
        "parked",
    )  # fmt: skip
    empty_text = "Nothing waits: every accepted event has reached Kafka."

    @columns.column("Place", header=True)
    def place(self, entry: OutboxEntry) -> tuple[str, str]:
        """The place in the queue over the topic."""
        return f"#{entry.sequence}", entry.topic

    @columns.column("Event")
    def waybill(self, entry: OutboxEntry) -> SafeString | str:
        """The event's waybill."""
        return columns.event_link(entry.event_id)

    @columns.column("Key")
    def shown_key(self, entry: OutboxEntry) -> SafeString | str:
        """The key, beginning first."""
        return columns.short(entry.key, longest=40)

    @columns.column("State")
    def state(self, entry: OutboxEntry) -> SafeString:
        """Whether the relay still tries."""
        return columns.label("parked" if entry.parked_at else "waiting")

    @columns.column("Since")
    def created(self, entry: OutboxEntry) -> SafeString | str:
        """Since when it waits."""
        return columns.moment(entry.created_at)

    @columns.column("Not before")
    def not_before(self, entry: OutboxEntry) -> SafeString | str:
        """The delay its publisher wished."""
        return columns.moment(entry.publish_after)

    @columns.column("Next attempt")
    def next_attempt(self, entry: OutboxEntry) -> SafeString | str:
        """When the relay tries again."""
        return columns.moment(entry.retry_at)

    @columns.column("Parked")
    def parked(self, entry: OutboxEntry) -> SafeString | str:
        """Since when it is parked."""
        return columns.moment(entry.parked_at)

    @columns.column("Last error")
    def problem(self, entry: OutboxEntry) -> SafeString | str:
        """The last error, beginning first."""
        return columns.short(entry.last_error)
