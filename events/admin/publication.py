"""Publications: confirmed writes to Kafka."""

from django.contrib import admin
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.by_topic import ByTopic
from events.admin.filters import TopicFilter, among
from events.admin.reaching import REACH, Asked, Reaching
from events.auditing.lanes import Places
from events.auditing.publication_list import publication_places
from events.models import OutboxEntry, Publication


@admin.register(Publication)
class PublicationAdmin(Reaching, ByTopic[Publication]):
    """Where on Kafka events lie."""

    list_display = ("position", "waybill", "published", "cause", "by")
    list_filter = (TopicFilter, among("cause", OutboxEntry.Cause))
    ordering = ("-id",)
    fields = ("position", "waybill", "published", "cause", "by")
    readonly_fields = ("position", "waybill", "published")
    empty_text = "The relay (runrelay) writes one for each event that Kafka has confirmed."

    def reach(self, asked: Asked) -> Places:
        """Find them by topic or as they were written."""
        return publication_places(
            topics=asked.topics, cause=asked.chosen.get("cause"), limit=asked.limit, examined=REACH
        )

    @columns.column("Position")
    def position(self, publication: Publication) -> str:
        """Topic, partition and offset."""
        return str(publication)

    @columns.column("Event")
    def waybill(self, publication: Publication) -> SafeString | str:
        """The event's waybill."""
        return columns.event_link(publication.event_id)

    @columns.column("Published")
    def published(self, publication: Publication) -> SafeString | str:
        """When Kafka confirmed."""
        return columns.moment(publication.published_at)
