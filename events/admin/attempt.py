"""Attempts: the tries of handlers that tell more than the ledger row does."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.by_topic import ByTopic
from events.admin.filters import GroupFilter, TopicFilter, among
from events.admin.reaching import REACH, Asked, Reaching
from events.auditing.attempt_list import attempt_places
from events.auditing.entries import seconds
from events.auditing.lanes import Places
from events.models import LIVE, Attempt


@admin.register(Attempt)
class AttemptAdmin(Reaching, ByTopic[Attempt]):
    """Failures, the success after them, and skips of another event's key."""

    list_display = ("heading", "outcome", "waybill", "number", "worker", "started", "problem")
    list_filter = (among("result", Attempt.Result), GroupFilter, TopicFilter)
    ordering = ("-id",)
    fields = (
        "outcome", "group", "key", "handler", "waybill", "position", "run", "number", "worker",
        "started", "took", "error_text",
    )  # fmt: skip
    readonly_fields = (
        "outcome", "key", "waybill", "position", "run", "worker", "started", "took", "error_text",
    )  # fmt: skip
    empty_text = "Plain first successes leave no row here: nothing has failed or been skipped."

    def reach(self, asked: Asked) -> Places:
        """Find them by topic or as they were made."""
        return attempt_places(
            topics=asked.topics,
            group=asked.chosen.get("group"),
            result=asked.chosen.get("result"),
            limit=asked.limit,
            examined=REACH,
        )

    @columns.column("Group and dedupe key", header=True)
    def heading(self, row: Attempt) -> tuple[str, Any]:
        """The group over the key."""
        return row.group, columns.short(row.dedupe_key, longest=60)

    @columns.column("Result")
    def outcome(self, row: Attempt) -> SafeString:
        """How the attempt ended."""
        return columns.label(row.result)

    @columns.column("Event")
    def waybill(self, row: Attempt) -> SafeString | str:
        """The event's waybill."""
        return columns.event_link(row.event_id)

    @columns.column("Dedupe key")
    def key(self, row: Attempt) -> SafeString | str:
        """The whole dedupe key."""
        return columns.code(row.dedupe_key)

    @columns.column("Position")
    def position(self, row: Attempt) -> str:
        """Where the message lay."""
        return f"{row.topic}:{row.partition}:{row.offset}"

    @columns.column("Run")
    def run(self, row: Attempt) -> SafeString | str:
        """Ordinary consuming, or the forced replay it belongs to."""
        return columns.run(None if row.generation == LIVE else row.generation)

    @columns.column("Worker")
    def worker(self, row: Attempt) -> str:
        """The process that tried."""
        return f"{row.host}:{row.pid}"

    @columns.column("Started")
    def started(self, row: Attempt) -> SafeString | str:
        """When the attempt began."""
        return columns.moment(row.started_at)

    @columns.column("Took")
    def took(self, row: Attempt) -> str:
        """How long it lasted."""
        return seconds(row.duration_s) or columns.NOTHING

    @columns.column("Error")
    def error_text(self, row: Attempt) -> SafeString | str:
        """The error, whole."""
        return columns.block(row.error)

    @columns.column("Error")
    def problem(self, row: Attempt) -> SafeString | str:
        """The error, beginning first."""
        return columns.short(row.error, longest=50)
