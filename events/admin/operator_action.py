"""Operator actions: who changed what by hand, and who was refused."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.filters import Choices, EqualsFilter, since
from events.admin.read_only import ReadOnly
from events.models import OperatorAction


class AllowedFilter(EqualsFilter):
    """Allowed or refused."""

    title = "decision"
    parameter_name = "decision"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Choices:
        """Offer the two."""
        return [("allowed", "Allowed"), ("refused", "Refused")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Narrow the list to one decision."""
        if self.value() not in {"allowed", "refused"}:
            return queryset
        return queryset.filter(allowed=self.value() == "allowed")


@admin.register(OperatorAction)
class OperatorActionAdmin(ReadOnly[OperatorAction]):
    """Everything done by hand."""

    list_display = ("heading", "decision", "target", "why", "done", "origin")
    list_filter = (AllowedFilter, since("at"))
    ordering = ("-at", "-id")
    fields = (
        "action", "actor", "decision", "target", "reason", "told", "origin", "request_id", "done",
    )  # fmt: skip
    readonly_fields = ("decision", "target", "told", "done")
    empty_text = "Nobody has changed anything by hand."

    @columns.column("Who and what", header=True)
    def heading(self, row: OperatorAction) -> tuple[str, str]:
        """The actor over the action."""
        return row.actor, row.action

    @columns.column("Decision")
    def decision(self, row: OperatorAction) -> SafeString:
        """Whether it was allowed."""
        return columns.label("allowed" if row.allowed else "refused")

    @columns.column("On")
    def target(self, row: OperatorAction) -> SafeString | str:
        """What it was done to."""
        return columns.short(f"{row.target_type.replace('_', ' ')} {row.target_id}", longest=60)

    @columns.column("Reason")
    def why(self, row: OperatorAction) -> SafeString | str:
        """The reason given, beginning first."""
        return columns.short(row.reason)

    @columns.column("Details")
    def told(self, row: OperatorAction) -> SafeString | str:
        """What else was recorded."""
        return columns.block(json.dumps(row.details, indent=2, ensure_ascii=False))

    @columns.column("When")
    def done(self, row: OperatorAction) -> SafeString | str:
        """When it was done."""
        return columns.moment(row.at)
