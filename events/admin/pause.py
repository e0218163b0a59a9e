"""Pauses: what stands still, by whom, until when, why; and what did."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Case, CharField, Model, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.filters import Choices, EqualsFilter, GroupFilter, TopicFilter
from events.admin.operated import Operated
from events.admin.operating import pausing
from events.admin.operating.group_topics import readable_or_whole, topics_of
from events.admin.operating.operation import PAUSE, RESUME
from events.admin.operating.plan import Link
from events.models import Pause

IN_FORCE = "in force"
_IS_OVER = Q(until__isnull=False, until__lte=Now())


class StateFilter(EqualsFilter):
    """What is in force, unless something else is asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Choices:
        """Offer what is over, and all."""
        return [("over", "Over"), ("all", "All")]

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Call what is shown without a choice by its name."""
        first, *others = super().choices(changelist)
        yield {**first, "display": "In force"}
        yield from others

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Narrow the list to one state."""
        chosen = self.value()
        if chosen == "all":
            return queryset
        if chosen == "over":
            return queryset.filter(Q(resumed_at__isnull=False) | _IS_OVER)
        return queryset.filter(~_IS_OVER, resumed_at__isnull=True)


def in_force() -> QuerySet[Pause]:
    """Return the pauses in force, by the database's clock."""
    return Pause.objects.filter(~_IS_OVER, resumed_at__isnull=True)


@admin.register(Pause)
class PauseAdmin(Operated[Pause]):
    """What is in force first; what is over by its filter."""

    list_display = ("heading", "state", "paused", "until_then", "who", "why")
    list_filter = (StateFilter, GroupFilter, TopicFilter)
    ordering = ("-id",)
    fields = (
        "group", "what", "state", "paused", "by", "reason", "until_then", "resumed", "resumed_by",
    )  # fmt: skip
    readonly_fields = ("what", "state", "paused", "until_then", "resumed")
    empty_text = "Nothing is paused. Past pauses are found by the filter; Pause stops a group."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pause]:
        """Keep what the viewer may read: pauses of a whole group if they may read of it."""
        state = Case(
            When(resumed_at__isnull=False, then=Value("resumed")),
            When(_IS_OVER, then=Value("ended")),
            default=Value(IN_FORCE),
            output_field=CharField(),
        )
        return readable_or_whole(Pause.objects.annotate(state_now=state), user=request.user)

    def get_urls(self) -> list[URLPattern]:
        """Add the page that resumes."""
        resume = self.admin_site.admin_view(pausing.resume_view)
        ours = path("<uuid:pause_id>/resume/", resume, name=pausing.RESUME_PAGE)
        return [ours, *super().get_urls()]

    def operations(self, request: HttpRequest, pause: Pause) -> Sequence[Link]:
        """Offer to resume what is in force."""
        topics = topics_of(pause.group, topic=pause.topic)
        if _state(pause) != IN_FORCE or not RESUME.allows(request.user, topics=topics):
            return ()
        page = reverse(f"admin:{pausing.RESUME_PAGE}", args=[pause.pk])
        return (Link(RESUME.title, RESUME.icon, page),)

    def operations_of_list(self, request: HttpRequest) -> Sequence[Link]:
        """Offer to pause something."""
        if not PAUSE.is_for(request.user):
            return ()
        return (Link("Pause…", PAUSE.icon, pausing.address()),)

    @columns.column("Group", header=True)
    def heading(self, pause: Pause) -> tuple[str, str]:
        """The group over what stands still."""
        return pause.group, self.what(pause)

    @columns.column("What")
    def what(self, pause: Pause) -> str:
        """The part of the group that stands still."""
        if not pause.topic:
            return "all topics"
        return pause.topic if pause.partition is None else f"{pause.topic}:{pause.partition}"

    @columns.column("State")
    def state(self, pause: Pause) -> SafeString:
        """Whether it is in force."""
        return columns.label(_state(pause))

    @columns.column("Since")
    def paused(self, pause: Pause) -> SafeString | str:
        """Since when."""
        return columns.moment(pause.paused_at)

    @columns.column("Until")
    def until_then(self, pause: Pause) -> SafeString | str:
        """When it ends by itself."""
        return columns.moment(pause.until) if pause.until else "resumed by hand"

    @columns.column("Resumed")
    def resumed(self, pause: Pause) -> SafeString | str:
        """When somebody resumed it."""
        return columns.moment(pause.resumed_at)

    @columns.column("By")
    def who(self, pause: Pause) -> str:
        """Who paused."""
        return pause.by

    @columns.column("Reason")
    def why(self, pause: Pause) -> SafeString | str:
        """The reason, beginning first."""
        return columns.short(pause.reason, longest=50)


def _state(pause: Pause) -> str:
    return str(vars(pause)["state_now"])
