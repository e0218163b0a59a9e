"""Dead letters: messages set aside for people, and what they may do with them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from events.admin import columns, letter_kinds
from events.admin.filters import (
    ExceptionFilter,
    GroupFilter,
    HandlerFilter,
    ReplayFilter,
    TopicFilter,
    among,
)
from events.admin.letter_message import (
    MESSAGE_PAGE,
    VALUE_PAGE,
    masked_message,
    message_view,
    value_view,
)
from events.admin.operated import Operated
from events.admin.operating import editing, letters
from events.admin.operating.operation import DISCARD, EDIT, REDRIVE, Operation
from events.admin.operating.plan import Link
from events.admin.reaching import REACH, Asked, Reaching
from events.auditing.dead_letter_list import WantedLetters, letter_places
from events.auditing.lanes import Places
from events.models import DeadLetter

_CHILDREN = 20
_OFFERED: dict[str, tuple[Operation, ...]] = {
    DeadLetter.State.OPEN: (REDRIVE, EDIT, DISCARD),
    DeadLetter.State.HELD: (DISCARD,),
}


@admin.register(DeadLetter)
class DeadLetterAdmin(Reaching, Operated[DeadLetter]):
    """What failed, by kind and one by one, with everything needed to understand it."""

    actions = ("redrive", "discard")
    change_form_outer_after_template = "events/letter_mask.html"
    list_before_template = "events/letters_above_list.html"

    list_display = ("heading", "status", "waybill", "position", "created", "problem")
    list_filter = (
        among("state", DeadLetter.State), GroupFilter, TopicFilter, ExceptionFilter, HandlerFilter,
        ReplayFilter,
    )  # fmt: skip
    ordering = ("-created_at", "-id")
    fieldsets = (
        (None, {"fields": (
            "status", "group", "handler", "waybill", "position", "identity", "dedupe",
            "attempts", "run", "created", "changed", "reason", "outcome", "came_from", "children",
        )}),
        ("What went wrong", {"fields": ("exception", "error_text", "trace")}),
    )  # fmt: skip
    readonly_fields = (
        "status", "waybill", "position", "identity", "dedupe", "run", "created", "changed",
        "outcome", "came_from", "children", "error_text", "trace",
    )  # fmt: skip
    empty_text = "No message was set aside: nothing has failed for good."

    def rows(self) -> QuerySet[DeadLetter]:
        """Leave out the bytes and the traceback until a page asks for them."""
        return DeadLetter.objects.defer("key", "value", "headers", "traceback")

    def reach(self, asked: Asked) -> Places:
        """Find them by exception, state, topic or group, whichever is narrowest."""
        state = asked.chosen.get("state")
        if state not in {None, *DeadLetter.State.values}:
            return Places([], None)
        wanted = WantedLetters(
            topics=asked.topics,
            group=asked.chosen.get("group"),
            exception=asked.chosen.get("exception"),
            handler=asked.chosen.get("handler"),
            state=None if state is None else DeadLetter.State(state),
        )
        return letter_places(wanted, after=None, limit=asked.limit, examined=REACH)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages on which letters are dealt with."""
        wrap = self.admin_site.admin_view
        ours = [
            path("kinds/", wrap(letter_kinds.kinds_view), name=letter_kinds.PAGE),
            path("redrive/", wrap(letters.redrive_view), name=letters.PAGES[REDRIVE.name]),
            path("discard/", wrap(letters.discard_view), name=letters.PAGES[DISCARD.name]),
            path("<uuid:letter_id>/edit/", wrap(editing.edit_view), name=editing.PAGE),
            path("<uuid:letter_id>/message/", wrap(message_view), name=MESSAGE_PAGE),
            path("<uuid:letter_id>/value/", wrap(value_view), name=VALUE_PAGE),
        ]
        return [*ours, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show above the list what failed, by kind; refuse what a list does not even offer."""
        operation = {"redrive": REDRIVE, "discard": DISCARD}.get(request.POST.get("action", ""))
        if operation is not None and not operation.is_for(request.user):
            operation.require(request, topics=(), target_id="*")
        more = letter_kinds.above_list(request)
        return super().changelist_view(request, more | (extra_context or {}))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Who may redrive and discard letters of some topic; each letter is decided for itself."""
        return REDRIVE.is_for(request.user)

    def operations(self, request: HttpRequest, letter: DeadLetter) -> Sequence[Link]:
        """Offer what its state allows."""
        pages = {
            REDRIVE: letters.address(REDRIVE, id=letter.pk),
            EDIT: reverse(f"admin:{editing.PAGE}", args=[letter.pk]),
            DISCARD: letters.address(DISCARD, id=letter.pk),
        }
        return [
            Link(operation.title, operation.icon, pages[operation])
            for operation in _OFFERED.get(letter.state, ())
            if operation.allows(request.user, topics=[letter.topic])
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Show below the letter where its message can be seen."""
        letter = kwargs.get("obj")
        more = masked_message(request, letter) if letter is not None else {}
        return super().render_change_form(request, context | more, *args, **kwargs)

    @admin.action(description="Redrive", permissions=["operate"])
    def redrive(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse:
        """Lead to the plan for the chosen letters."""
        return _chosen(request, REDRIVE, queryset)

    @admin.action(description="Discard", permissions=["operate"])
    def discard(self, request: HttpRequest, queryset: QuerySet[DeadLetter]) -> HttpResponse:
        """Lead to the plan for the chosen letters."""
        return _chosen(request, DISCARD, queryset)

    @columns.column("Group and exception", header=True)
    def heading(self, letter: DeadLetter) -> tuple[str, str]:
        """The group over what went wrong."""
        return letter.group, letter.exception

    @columns.column("State")
    def status(self, letter: DeadLetter) -> SafeString:
        """Whether somebody dealt with it."""
        return columns.label(letter.state)

    @columns.column("Event")
    def waybill(self, letter: DeadLetter) -> SafeString | str:
        """The event's waybill."""
        return columns.event_link(letter.event_id)

    @columns.column("Position")
    def position(self, letter: DeadLetter) -> str:
        """Where the message lay."""
        return f"{letter.topic}:{letter.partition}:{letter.offset}"

    @columns.column("CloudEvents source, id and type")
    def identity(self, letter: DeadLetter) -> SafeString | str:
        """What the message calls itself."""
        return columns.code(f"{letter.source} {letter.ce_id} {letter.type}".strip())

    @columns.column("Dedupe key")
    def dedupe(self, letter: DeadLetter) -> SafeString | str:
        """The whole dedupe key."""
        return columns.code(letter.dedupe_key)

    @columns.column("Run")
    def run(self, letter: DeadLetter) -> SafeString | str:
        """Ordinary consuming, or the replay that set it aside."""
        return columns.run(letter.replay_id)

    @columns.column("Set aside")
    def created(self, letter: DeadLetter) -> SafeString | str:
        """When the group gave up."""
        return columns.moment(letter.created_at)

    @columns.column("Changed")
    def changed(self, letter: DeadLetter) -> SafeString | str:
        """When its state last changed."""
        return columns.moment(letter.changed_at)

    @columns.column("Error")
    def problem(self, letter: DeadLetter) -> SafeString | str:
        """The error, beginning first."""
        return columns.short(letter.error, longest=40)

    @columns.column("Error")
    def error_text(self, letter: DeadLetter) -> SafeString | str:
        """The error, whole."""
        return columns.block(letter.error)

    @columns.column("Traceback")
    def trace(self, letter: DeadLetter) -> SafeString | str:
        """Where it was raised."""
        return columns.block(letter.traceback)

    @columns.column("Result")
    def outcome(self, letter: DeadLetter) -> SafeString | str:
        """What became of a redrive."""
        return columns.block(letter.result)

    @columns.column("Came from")
    def came_from(self, letter: DeadLetter) -> SafeString | str:
        """The letter whose redrive or edit this one is."""
        return columns.letter_link(letter.parent) if letter.parent else columns.NOTHING

    @columns.column("Led to")
    def children(self, letter: DeadLetter) -> SafeString | str:
        """The letters its redrives and edits left, in their order."""
        found = letter.children.only("state", "created_at").order_by("created_at", "id")
        lines = format_html_join(
            "", "<li>{}</li>", ((columns.letter_link(each),) for each in found[:_CHILDREN])
        )
        return format_html("<ul>{}</ul>", lines) if lines else columns.NOTHING


def _chosen(
    request: HttpRequest, operation: Operation, chosen: QuerySet[DeadLetter]
) -> HttpResponse:
    ids = list(chosen.values_list("pk", flat=True)[: letters.MOST])
    return redirect(letters.address(operation, id=ids))
