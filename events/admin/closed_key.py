"""Closed keys: whose messages are held in order, why, and how many wait."""

from collections.abc import Sequence

from django.contrib import admin
from django.db.models import IntegerField, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.filters import GroupFilter, TopicFilter, among
from events.admin.operated import Operated
from events.admin.operating import pausing
from events.admin.operating.operation import CLOSE_KEY, RELEASE
from events.admin.operating.plan import Link
from events.models import ClosedKey, DeadLetter

COUNTED = 1_000  # held messages of a key; beyond it the list says "more than"
FOLLOWERS = 50

_HELD = f"""(
    SELECT count(*) FROM (
        SELECT FROM events_deadletter held
        WHERE held.state = 'held' AND held."group" = events_closedkey."group"
          AND held.topic = events_closedkey.topic AND held.key = events_closedkey.key
        LIMIT {COUNTED + 1}) counted)"""  # noqa: S608 - a constant of this file


@admin.register(ClosedKey)
class ClosedKeyAdmin(Operated[ClosedKey]):
    """A row until the key is open again and nothing of it is held any more."""

    list_display = ("heading", "shown_key", "cause_now", "held", "closed", "until_then", "why")
    list_filter = (among("cause", ClosedKey.Cause), GroupFilter, TopicFilter)
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": (
            "group", "topic", "shown_key", "cause_now", "by", "reason", "closed", "until_then",
            "released",
        )}),
        ("What waits, in order", {"fields": ("first", "held", "followers")}),
    )  # fmt: skip
    readonly_fields = (
        "shown_key", "cause_now", "closed", "until_then", "released", "first", "held", "followers",
    )  # fmt: skip
    empty_text = (
        "No key is closed: all of them flow. A quarantine closes one, and so does a person."
    )

    def rows(self) -> QuerySet[ClosedKey]:
        """Count what is held, up to a bound, by its index."""
        held = RawSQL(_HELD, (), output_field=IntegerField())  # noqa: S611 - a constant
        return ClosedKey.objects.annotate(held_now=held)

    def get_urls(self) -> list[URLPattern]:
        """Add the page that releases."""
        release = self.admin_site.admin_view(pausing.release_view)
        ours = path("<uuid:key_id>/release/", release, name=pausing.RELEASE_PAGE)
        return [ours, *super().get_urls()]

    def operations(self, request: HttpRequest, key: ClosedKey) -> Sequence[Link]:
        """Offer to release what is closed."""
        if key.released_at or not RELEASE.allows(request.user, topics=[key.topic]):
            return ()
        page = reverse(f"admin:{pausing.RELEASE_PAGE}", args=[key.pk])
        return (Link(RELEASE.title, RELEASE.icon, page),)

    def operations_of_list(self, request: HttpRequest) -> Sequence[Link]:
        """Offer to close a key."""
        if not CLOSE_KEY.is_for(request.user):
            return ()
        return (Link("Close a key…", CLOSE_KEY.icon, pausing.address(close="yes")),)

    @columns.column("Group and topic", header=True)
    def heading(self, key: ClosedKey) -> tuple[str, str]:
        """The group over the topic."""
        return key.group, key.topic

    @columns.column("Key")
    def shown_key(self, key: ClosedKey) -> SafeString | str:
        """The key, as text if it is text."""
        return columns.key(bytes(key.key))

    @columns.column("Cause")
    def cause_now(self, key: ClosedKey) -> SafeString:
        """Why it is closed, or that it opens."""
        return columns.label("released" if key.released_at else key.cause)

    @columns.column("Held")
    def held(self, key: ClosedKey) -> str:
        """How many messages wait."""
        count: int = vars(key)["held_now"]
        return f"more than {COUNTED:,}" if count > COUNTED else f"{count:,}"

    @columns.column("Since")
    def closed(self, key: ClosedKey) -> SafeString | str:
        """Since when it is closed."""
        return columns.moment(key.closed_at)

    @columns.column("Until")
    def until_then(self, key: ClosedKey) -> SafeString | str:
        """When it opens by itself."""
        return columns.moment(key.until) if key.until else "released by hand"

    @columns.column("Released")
    def released(self, key: ClosedKey) -> SafeString | str:
        """When it was released; it drains since."""
        return columns.moment(key.released_at)

    @columns.column("Reason")
    def why(self, key: ClosedKey) -> SafeString | str:
        """The reason, beginning first."""
        return columns.short(key.reason, longest=50)

    @columns.column("The message that failed")
    def first(self, key: ClosedKey) -> SafeString | str:
        """The letter that closed the key."""
        return columns.letter_link(key.head) if key.head else columns.NOTHING

    @columns.column("Held messages")
    def followers(self, key: ClosedKey) -> SafeString | str:
        """The first of what waits, each with its letter."""
        held = DeadLetter.objects.held().filter(
            group=key.group, topic=key.topic, key=bytes(key.key)
        )
        rows = held.only("state", "created_at", "topic", "partition", "offset")[:FOLLOWERS]
        lines = format_html_join(
            "",
            "<li>{} {}</li>",
            ((f"{row.partition}:{row.offset}", columns.letter_link(row)) for row in rows),
        )
        return format_html("<ol>{}</ol>", lines) if lines else columns.NOTHING
