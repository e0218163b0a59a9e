"""Consumptions: the ledger, what groups did with dedupe keys."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.by_topic import ByTopic
from events.admin.filters import GroupFilter, TopicFilter, among
from events.models import LIVE, Consumption


@admin.register(Consumption)
class ConsumptionAdmin(ByTopic[Consumption]):
    """One row for each group and key."""

    list_display = ("heading", "state", "waybill", "attempts", "begun", "problem")
    list_filter = (among("outcome", Consumption.Outcome), GroupFilter, TopicFilter)
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": (
            "state", "group", "key", "handler", "run", "waybill", "position", "identity",
        )}),
        ("Work", {"fields": (
            "attempts", "worker", "begun", "finished", "next_attempt", "lease", "error_text",
        )}),
        ("External effect", {"fields": ("effect_began", "effect_reference", "unknown_count")}),
    )  # fmt: skip
    readonly_fields = (
        "state", "key", "run", "waybill", "position", "identity", "worker", "begun", "finished",
        "next_attempt", "lease", "error_text", "effect_began",
    )  # fmt: skip
    empty_text = "A consumer (runconsumer) writes one for each dedupe key it takes in hand."

    def rows(self) -> QuerySet[Consumption]:
        """Leave out the bytes kept for a resend."""
        return Consumption.objects.defer("effect_payload")

    @columns.column("Group and dedupe key", header=True)
    def heading(self, row: Consumption) -> tuple[str, Any]:
        """The group over the key."""
        return row.group, columns.short(row.dedupe_key, longest=60)

    @columns.column("Outcome")
    def state(self, row: Consumption) -> SafeString:
        """How far the group came."""
        return columns.label(row.outcome)

    @columns.column("Event")
    def waybill(self, row: Consumption) -> SafeString | str:
        """The event's waybill."""
        return columns.event_link(row.event_id)

    @columns.column("Position")
    def position(self, row: Consumption) -> str:
        """Where the message lay."""
        return f"{row.topic}:{row.partition}:{row.offset}"

    @columns.column("Dedupe key")
    def key(self, row: Consumption) -> SafeString | str:
        """The whole dedupe key."""
        return columns.code(row.dedupe_key)

    @columns.column("Run")
    def run(self, row: Consumption) -> str:
        """Ordinary consuming, or the forced replay it belongs to."""
        return "live" if row.generation == LIVE else f"replay {row.generation}"

    @columns.column("CloudEvents source and id")
    def identity(self, row: Consumption) -> SafeString | str:
        """What the message calls itself."""
        return columns.code(f"{row.source} {row.ce_id}")

    @columns.column("Worker")
    def worker(self, row: Consumption) -> str:
        """The process that has it in hand or had it last."""
        return f"{row.host}:{row.pid}" if row.host else columns.NOTHING

    @columns.column("First seen")
    def begun(self, row: Consumption) -> SafeString | str:
        """When it was first taken in hand."""
        return columns.moment(row.first_at)

    @columns.column("Finished")
    def finished(self, row: Consumption) -> SafeString | str:
        """When it was done with."""
        return columns.moment(row.finished_at)

    @columns.column("Next attempt")
    def next_attempt(self, row: Consumption) -> SafeString | str:
        """When it is tried again."""
        return columns.moment(row.next_attempt_at)

    @columns.column("Lease until")
    def lease(self, row: Consumption) -> SafeString | str:
        """Until when the worker's claim holds."""
        return columns.moment(row.lease_expires_at)

    @columns.column("Effect began")
    def effect_began(self, row: Consumption) -> SafeString | str:
        """When the external effect was about to happen."""
        return columns.moment(row.effect_began_at)

    @columns.column("Error")
    def error_text(self, row: Consumption) -> SafeString | str:
        """The last error, whole."""
        return columns.block(row.error)

    @columns.column("Error")
    def problem(self, row: Consumption) -> SafeString | str:
        """The last error, beginning first."""
        return columns.short(row.error, longest=50)
