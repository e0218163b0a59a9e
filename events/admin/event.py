"""Events: the list, and the waybill as the page of one."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString

from events.admin import columns, waybill_page
from events.admin.by_topic import ByTopic
from events.admin.filters import Choices, EqualsFilter, TopicFilter, TypeFilter, begun, since
from events.admin.operating import republishing
from events.admin.operating.operation import REVEAL_EVENT
from events.admin.reaching import REACH, Asked, Reaching
from events.admin.revealing import is_revealed, value_file
from events.auditing.event_list import Wanted, event_places
from events.auditing.lanes import Places
from events.auditing.waybill import State, state_of, waybill
from events.grants import readable
from events.models import Event, OutboxEntry


class StateFilter(EqualsFilter):
    """By state, found from the small side: whatever is not published has an outbox entry."""

    title = "state"
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> Choices:
        """Offer the three states."""
        return [(state.value, state.value.capitalize()) for state in State]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """Narrow the list to one state."""
        chosen = self.value()
        if chosen not in set(State):
            return queryset
        found: Any = queryset
        if chosen != State.PUBLISHED:
            found = found.filter(pk__in=OutboxEntry.objects.values("event_id"))
        narrowed: QuerySet[Model] = found.in_state(chosen)
        return narrowed


@admin.register(Event)
class EventAdmin(Reaching, ByTopic[Event]):
    """What was published."""

    list_display = ("heading", "shown_key", "topic", "state", "accepted", "published_by")
    list_filter = (StateFilter, TopicFilter, TypeFilter, since("accepted_at"))
    ordering = ("-accepted_at", "-id")
    empty_text = "Events appear here as soon as a transaction that publishes one has committed."

    def rows(self) -> QuerySet[Event]:
        """Leave out the bytes; tell the state."""
        return Event.objects.with_state().defer("value", "headers")

    def reach(self, asked: Asked) -> Places:
        """Find them by topic, by what waits, or as they were accepted."""
        state = asked.chosen.get("state")
        wanted = Wanted(
            topics=asked.topics,
            type=asked.chosen.get("type"),
            state=State(state) if state in set(State) else None,
            accepted_from=begun(asked.chosen.get("age")),
        )
        return event_places(wanted, after=None, limit=asked.limit, examined=REACH)

    @columns.column("Event", header=True)
    def heading(self, event: Event) -> tuple[str, SafeString]:
        """The type over the id."""
        return event.type, columns.identifier(event.pk)

    @columns.column("Key")
    def shown_key(self, event: Event) -> SafeString | str:
        """The key, beginning first."""
        return columns.short(event.key, longest=40)

    @columns.column("State")
    def state(self, event: Event) -> SafeString:
        """Where the event stands on its way to Kafka."""
        return columns.label(state_of(event))

    @columns.column("Accepted")
    def accepted(self, event: Event) -> SafeString | str:
        """When the event was accepted."""
        return columns.moment(event.accepted_at)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages that show what the event says, and that republish it."""
        wrap = self.admin_site.admin_view
        ours = [
            path("<uuid:event_id>/reveal/", wrap(self.reveal_view), name=waybill_page.REVEAL_PAGE),
            path("<uuid:event_id>/value/", wrap(self.value_view), name=waybill_page.VALUE_PAGE),
            path(
                "<uuid:event_id>/republish/",
                wrap(republishing.republish_view),
                name=republishing.PAGE,
            ),
        ]
        return [*ours, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the waybill; what the event says is masked."""
        if not self.has_view_permission(request) or request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        try:
            event_id = UUID(object_id)
            self._row(request, event_id)
            return self._waybill(request, event_id, extra_context=extra_context)
        except (ValueError, Event.DoesNotExist):
            missing: HttpResponse = self._get_obj_does_not_exist_redirect(
                request, self.opts, object_id
            )
            return missing

    def reveal_view(self, request: HttpRequest, event_id: UUID) -> HttpResponse:
        """Show the waybill with what the event says, once the look is written down."""
        row = self._row_to_reveal(request, event_id)
        if row is None:
            return redirect("admin:events_event_change", event_id)
        shown = is_revealed(request, REVEAL_EVENT, topic=row.topic, target_id=row.pk)
        return self._waybill(request, event_id, is_revealed=shown)

    def value_view(self, request: HttpRequest, event_id: UUID) -> HttpResponse:
        """Answer the value as a file, once the look is written down."""
        row = self._row_to_reveal(request, event_id)
        if row is None:
            return redirect("admin:events_event_change", event_id)
        if not is_revealed(request, REVEAL_EVENT, topic=row.topic, target_id=row.pk):
            return self._waybill(request, event_id)
        value = Event.objects.values_list("value", flat=True).get(pk=event_id)
        return value_file(bytes(value or b""), name=f"{event_id}.bin")

    def _row(self, request: HttpRequest, event_id: UUID) -> Event:
        return readable(Event.objects.only("topic"), user=request.user).get(pk=event_id)

    def _row_to_reveal(self, request: HttpRequest, event_id: UUID) -> Event | None:
        """Return the row; None for who only follows a link: no GET shows values."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            row = self._row(request, event_id)
        except Event.DoesNotExist as error:
            raise Http404("no such event") from error
        return row if request.method == "POST" else None

    def _waybill(
        self,
        request: HttpRequest,
        event_id: UUID,
        *,
        is_revealed: bool = False,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = waybill(event_id)
        context = {
            **self.admin_site.each_context(request),
            **waybill_page.context(found, request=request, is_revealed=is_revealed),
            "opts": self.opts,
            "original": found.event,
            "title": found.event.type,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "events/waybill.html", context)
