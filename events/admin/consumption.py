"""Consumptions: the ledger, what groups did with dedupe keys."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.filters import GroupFilter, TopicFilter, among
from events.admin.operated import Operated
from events.admin.operating import resolving
from events.admin.operating.plan import Link
from events.admin.reaching import REACH, Asked, Reaching
from events.auditing.consumption_list import WantedConsumptions, newest_consumptions
from events.auditing.lanes import Places
from events.models import LIVE, Consumption

_UNKNOWN_COLUMNS = ("heading", "effect_began", "reference", "attempts", "waybill", "problem")
_UNKNOWN = {
    "before_list": (
        "An external effect began and nobody knows whether it happened. Look for its reference "
        "where the effect would be (a mailbox, the log of the mail server); then open the row "
        "and say that it was done, or have it done again."
    ),
    "empty_text": "Of every effect that began it is known whether it happened.",
}


@admin.register(Consumption)
class ConsumptionAdmin(Reaching, Operated[Consumption]):
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
        return Consumption.objects.defer("effect_payload", "message")

    def reach(self, asked: Asked) -> Places:
        """Find them by topic, by what is not done, or as they were begun."""
        outcome = asked.chosen.get("outcome")
        if outcome not in {None, *Consumption.Outcome.values}:
            return Places([], None)
        wanted = WantedConsumptions(
            topics=asked.topics,
            group=asked.chosen.get("group"),
            outcome=None if outcome is None else Consumption.Outcome(outcome),
        )
        return newest_consumptions(wanted, limit=asked.limit, examined=REACH)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages on which unknown outcomes are decided."""
        resolve = self.admin_site.admin_view(resolving.resolve_view)
        ours = [
            path(f"<int:consumption_id>/{how}/", resolve, {"how": how}, name=resolving.page(how))
            for how in resolving.HOW
        ]
        return [*ours, *super().get_urls()]

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        """Of unknown outcomes, tell what helps to decide."""
        return _UNKNOWN_COLUMNS if _shows_unknown(request) else self.list_display

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say what an unknown outcome is, and what to do about it."""
        more = _UNKNOWN if _shows_unknown(request) else {}
        return super().changelist_view(request, more | (extra_context or {}))

    def operations(self, request: HttpRequest, row: Consumption) -> Sequence[Link]:
        """Offer to decide what is unknown."""
        if row.outcome != Consumption.Outcome.UNKNOWN:
            return ()
        return [
            Link(
                operation.title,
                operation.icon,
                reverse(f"admin:{resolving.page(how)}", args=[row.pk]),
            )
            for how, operation in resolving.HOW.items()
            if operation.allows(request.user, topics=[row.topic])
        ]

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
    def run(self, row: Consumption) -> SafeString | str:
        """Ordinary consuming, or the replay that ran it; a forced one has rows of its own."""
        forced = None if row.generation == LIVE else row.generation
        return columns.run(row.replay_id or forced)

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

    @columns.column("Reference")
    def reference(self, row: Consumption) -> SafeString | str:
        """What the effect is called outside: a Message-ID."""
        return columns.code(row.effect_reference)

    @columns.column("Error")
    def error_text(self, row: Consumption) -> SafeString | str:
        """The last error, whole."""
        return columns.block(row.error)

    @columns.column("Error")
    def problem(self, row: Consumption) -> SafeString | str:
        """The last error, beginning first."""
        return columns.short(row.error, longest=50)


def _shows_unknown(request: HttpRequest) -> bool:
    return request.GET.get("outcome") == Consumption.Outcome.UNKNOWN
