"""Processes: which relays and consumers live, what they hold, when they last moved."""

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.read_only import ReadOnly
from events.auditing.health import with_liveness
from events.models import Heartbeat


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly[Heartbeat]):
    """A row for each process that has not ended well."""

    list_display = ("heading", "condition", "place", "started", "beat", "progress")
    ordering = ("role", "name", "process")
    fields = (
        "role", "name", "condition", "place", "database_pid", "started", "beat", "progress",
        "holds", "process",
    )  # fmt: skip
    readonly_fields = (
        "process", "condition", "place", "started", "beat", "progress", "holds",
    )  # fmt: skip
    empty_text = "No process is running: start manage.py runrelay and manage.py runconsumer."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Heartbeat]:
        """Tell which live."""
        return with_liveness()

    @columns.column("Process", header=True)
    def heading(self, row: Heartbeat) -> tuple[str, str]:
        """The role over the group."""
        return row.role, row.name

    @columns.column("Condition")
    def condition(self, row: Heartbeat) -> SafeString:
        """Whether it beats."""
        return columns.label("alive" if vars(row)["is_alive"] else "silent")

    @columns.column("Host and pid")
    def place(self, row: Heartbeat) -> str:
        """Where it runs."""
        return f"{row.host}:{row.pid}"

    @columns.column("Started")
    def started(self, row: Heartbeat) -> SafeString | str:
        """Since when it runs."""
        return columns.moment(row.started_at)

    @columns.column("Last beat")
    def beat(self, row: Heartbeat) -> SafeString | str:
        """When it last said that it lives."""
        return columns.moment(row.beat_at)

    @columns.column("Last progress")
    def progress(self, row: Heartbeat) -> SafeString | str:
        """When it last moved something."""
        return columns.moment(row.progress_at)

    @columns.column("Holds")
    def holds(self, row: Heartbeat) -> SafeString | str:
        """Its buckets or partitions."""
        return columns.block(json.dumps(row.assignment, indent=2))
