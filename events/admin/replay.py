"""Replays: what was asked for, how far each is, and what may be done about it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.admin import columns, replay_page
from events.admin.bar import bar
from events.admin.filters import Choices, EqualsFilter, GroupFilter
from events.admin.operated import Operated
from events.admin.operating import replay_control, replaying
from events.admin.operating.operation import REPLAY
from events.admin.operating.plan import Link
from events.admin.replay_rows import readable_replays
from events.admin.replay_words import percent, what_words
from events.auditing.replay_progress import progress_of
from events.models import Replay

ACTIVE = "active"  # the filter that finds what is not over

_TONES = {
    Replay.State.DONE: "success",
    Replay.State.FAILED: "danger",
    Replay.State.STOPPED: "quiet",
    Replay.State.PAUSED: "warning",
}


class StateFilter(EqualsFilter):
    """By state; all that are not over are one choice."""

    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Choices:
        """Offer what is not over, then each state."""
        states = [(str(value), str(label)) for value, label in Replay.State.choices]
        return [(ACTIVE, "Not over"), *states]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Narrow the list to one state."""
        chosen = self.value()
        if chosen is None:
            return queryset
        return queryset.filter(state__in=Replay.ACTIVE if chosen == ACTIVE else (chosen,))


@admin.register(Replay)
class ReplayAdmin(Operated[Replay]):
    """A row for each replay that was ever asked for."""

    list_display = ("heading", "reads", "how", "status", "progress", "by", "requested")
    list_filter = (StateFilter, GroupFilter)
    ordering = ("-requested_at", "-id")
    empty_text = (
        "No old events were consumed again. Replay… asks for it: it says first what would be "
        "done, and what is done already is not done again."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Replay]:
        """Keep those of which the viewer may read every topic."""
        return readable_replays(request.user).defer("counters", "report")

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that ask for one, and that change one."""
        wrap = self.admin_site.admin_view
        ours = [
            path("ask/", wrap(replaying.replay_view), name=replaying.PAGE),
            *(
                path(
                    f"<uuid:replay_id>/{how}/",
                    wrap(replay_control.control_view),
                    {"how": how},
                    name=replay_control.page(how),
                )
                for how in replay_control.HOW
            ),
        ]
        return [*ours, *super().get_urls()]

    def operations_of_list(self, request: HttpRequest) -> Sequence[Link]:
        """Offer to ask for one."""
        if not REPLAY.is_for(request.user):
            return ()
        return (Link("Replay…", REPLAY.icon, replaying.address()),)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the replay: how far it is, what it found, what was done to it."""
        if not self.has_view_permission(request) or request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        try:
            row = replay_page.with_holder(readable_replays(request.user)).get(pk=UUID(object_id))
        except (ValueError, Replay.DoesNotExist):
            missing: HttpResponse = self._get_obj_does_not_exist_redirect(
                request, self.opts, object_id
            )
            return missing
        context = {
            **self.admin_site.each_context(request),
            **replay_page.context(row, request=request),
            "opts": self.opts,
            "original": f"for {row.group}",
            "title": f"Replay for {row.group}",
            **(extra_context or {}),
        }
        return TemplateResponse(request, "events/replay.html", context)

    @columns.column("Group and topics", header=True)
    def heading(self, replay: Replay) -> tuple[str, Any]:
        """The group over the topics."""
        return replay.group, columns.short(", ".join(replay.topics), longest=60)

    @columns.column("Messages")
    def reads(self, replay: Replay) -> SafeString:
        """Which messages are read again."""
        return format_html('<span class="wb-told">{}</span>', what_words(replay))

    @columns.column("Mode")
    def how(self, replay: Replay) -> SafeString:
        """What of them is run."""
        return columns.label(replay.mode)

    @columns.column("State")
    def status(self, replay: Replay) -> SafeString:
        """Where it stands."""
        return columns.label(replay.state)

    @columns.column("Progress")
    def progress(self, replay: Replay) -> SafeString:
        """How far it is."""
        share = progress_of(replay)
        tone = _TONES.get(Replay.State(replay.state), "info")
        drawn = bar([(tone, share)], full=1.0, label="Progress", css="wb-bar-small")
        return format_html('<span class="wb-progress">{} {}</span>', drawn, percent(share))

    @columns.column("Requested")
    def requested(self, replay: Replay) -> SafeString | str:
        """When it was asked for."""
        return columns.moment(replay.requested_at)
