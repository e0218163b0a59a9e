"""Removed: what Kafka has no longer of a topic, as publications tell of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from events.kafka.record import Partition
from events.kafka.standing import PartitionStanding
from events.models import Publication
from events.models.publication import PublicationQuerySet

# Confirmations of one partition are written down in its order, but for a little.
SLACK = timedelta(minutes=1)


def is_known_below(where: Partition, offset: int) -> bool:
    """Whether an event lay in the partition before the offset."""
    return offset > 0 and _of(where).filter(offset__lt=offset).exists()


def first_published(where: Partition, at: datetime, *, below: int) -> int | None:
    """Return the smallest offset below `below` that was published at `at` or later, if any.

    Found by halving: publications have no index for their times. Those are the times at which
    Kafka's confirmations were written down, a little after the messages' own.
    """
    low, high = 0, below
    while low < high:
        middle = (low + high) // 2
        row = _first(_of(where).filter(offset__gte=middle, offset__lt=high))
        if row is None or row[1] >= at - SLACK:
            high = middle
        else:
            low = row[0] + 1
    found = _first(_of(where).filter(offset__gte=low, offset__lt=below, published_at__gte=at))
    return found and found[0]


def partitions_gone(topic: str) -> Iterator[PartitionStanding]:
    """Yield the partitions of a topic that is no longer on Kafka, with all in them removed."""
    rows = Publication.objects.filter(topic=topic)
    found = rows.order_by("partition").values_list("partition", flat=True).first()
    while found is not None:
        last = _of((topic, found)).order_by("-offset").values_list("offset", flat=True)[0]
        yield PartitionStanding(
            topic=topic, partition=found, committed=None, first=last + 1, end=last + 1
        )
        behind = rows.filter(partition__gt=found).order_by("partition")
        found = behind.values_list("partition", flat=True).first()


def _of(where: Partition) -> PublicationQuerySet:
    topic, partition = where
    return Publication.objects.filter(topic=topic, partition=partition)


def _first(rows: PublicationQuerySet) -> tuple[int, datetime] | None:
    return rows.order_by("offset").values_list("offset", "published_at").first()
