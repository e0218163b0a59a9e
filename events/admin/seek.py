"""Seeks: where people had groups go on, and whether their consumers did."""

from django.contrib import admin
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.by_topic import ByTopic
from events.admin.filters import GroupFilter, TopicFilter, among
from events.models import Seek


@admin.register(Seek)
class SeekAdmin(ByTopic[Seek]):
    """A row for each partition."""

    list_display = ("heading", "status", "way", "requested", "carried_out", "who", "why")
    list_filter = (among("state", Seek.State), GroupFilter, TopicFilter)
    ordering = ("-id",)
    fields = (
        "group", "topic", "partition", "status", "way", "by", "reason", "requested",
        "carried_out", "done_by",
    )  # fmt: skip
    readonly_fields = ("status", "way", "requested", "carried_out")
    empty_text = "No group was sent to another offset by hand. The page of a group does that."

    @columns.column("Group and partition", header=True)
    def heading(self, row: Seek) -> tuple[str, str]:
        """The group over the partition."""
        return row.group, f"{row.topic}:{row.partition}"

    @columns.column("State")
    def status(self, row: Seek) -> SafeString:
        """Whether it was carried out."""
        return columns.label(row.state)

    @columns.column("From and to")
    def way(self, row: Seek) -> str:
        """The offset it was at, and the one it goes on with."""
        start = "nothing committed" if row.from_offset is None else f"{row.from_offset:,}"
        return f"{start} → {row.to_offset:,}"

    @columns.column("Requested")
    def requested(self, row: Seek) -> SafeString | str:
        """When a person asked for it."""
        return columns.moment(row.requested_at)

    @columns.column("Carried out")
    def carried_out(self, row: Seek) -> SafeString | str:
        """When it was done."""
        return columns.moment(row.done_at)

    @columns.column("By")
    def who(self, row: Seek) -> str:
        """Who asked for it."""
        return row.by

    @columns.column("Reason")
    def why(self, row: Seek) -> SafeString | str:
        """The reason, beginning first."""
        return columns.short(row.reason, longest=50)
