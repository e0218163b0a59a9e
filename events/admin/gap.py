"""Gaps: where a group's position and Kafka did not fit, and what that made it miss."""

from django.contrib import admin
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.by_topic import ByTopic
from events.admin.filters import GroupFilter, TopicFilter, among, since
from events.models import Gap

_CAUSES = {
    Gap.Cause.RETENTION: "Kafka removed messages before the group had read them",
    Gap.Cause.TRUNCATED: "the group was further than the end of the partition",
    Gap.Cause.RECREATED: "the topic was made anew: another one has its name now",
    Gap.Cause.ADDED: "the partition was added after the group had begun",
}
_POLICIES = {
    Gap.Policy.EARLIEST: "went on with the first message there is",
    Gap.Policy.STOP: "paused the partition until a person resumes it",
}


@admin.register(Gap)
class GapAdmin(ByTopic[Gap]):
    """Written by the consumer before it goes on."""

    list_display = ("heading", "why", "way", "lost", "policy_told", "noticed")
    list_filter = (among("cause", Gap.Cause), GroupFilter, TopicFilter, since("at"))
    ordering = ("-id",)
    fields = (
        "group", "topic", "partition", "why", "what_happened", "way", "lost", "policy_told",
        "noticed", "worker",
    )  # fmt: skip
    readonly_fields = ("why", "what_happened", "way", "lost", "policy_told", "noticed", "worker")
    empty_text = "Every group found its messages where it had left off: nothing was missed."

    @columns.column("Group and partition", header=True)
    def heading(self, row: Gap) -> tuple[str, str]:
        """The group over the partition."""
        return row.group, f"{row.topic}:{row.partition}"

    @columns.column("Cause")
    def why(self, row: Gap) -> SafeString:
        """What did not fit."""
        return columns.label(row.cause)

    @columns.column("What happened")
    def what_happened(self, row: Gap) -> str:
        """What did not fit, in words."""
        return _CAUSES[Gap.Cause(row.cause)]

    @columns.column("From and to")
    def way(self, row: Gap) -> str:
        """Where the group was, and where it goes on."""
        start = "nothing committed" if row.from_offset is None else f"{row.from_offset:,}"
        return f"{start} → {row.to_offset:,}"

    @columns.column("Missed")
    def lost(self, row: Gap) -> str:
        """How many messages were never offered to the group."""
        return "nobody can know" if row.missed is None else f"{row.missed:,}"

    @columns.column("Then it")
    def policy_told(self, row: Gap) -> str:
        """What the consumer did."""
        return _POLICIES[Gap.Policy(row.policy)]

    @columns.column("Noticed")
    def noticed(self, row: Gap) -> SafeString | str:
        """When a consumer noticed it."""
        return columns.moment(row.at)

    @columns.column("By")
    def worker(self, row: Gap) -> str:
        """The consumer that noticed."""
        return f"{row.host}:{row.pid}"
