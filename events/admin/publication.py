"""Publications: confirmed writes to Kafka."""

from django.contrib import admin
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.by_topic import ByTopic
from events.admin.filters import TopicFilter, among
from events.models import OutboxEntry, Publication


@admin.register(Publication)
class PublicationAdmin(ByTopic[Publication]):
    """Where on Kafka events lie."""

    list_display = ("position", "waybill", "published", "cause", "by")
    list_filter = (TopicFilter, among("cause", OutboxEntry.Cause))
    ordering = ("-id",)
    fields = ("position", "waybill", "published", "cause", "by")
    readonly_fields = ("position", "waybill", "published")
    empty_text = "The relay (runrelay) writes one for each event that Kafka has confirmed."

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
