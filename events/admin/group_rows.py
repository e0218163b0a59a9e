"""What is shown of a group, of the topics the viewer may read: the cells of its tables."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from events.admin import columns
from events.admin.operating import pausing
from events.admin.operating.group_topics import topics_of
from events.admin.operating.operation import RESUME
from events.admin.operating.plan import Cell
from events.auditing.group_standing import GroupMember, Standing
from events.conf import waybill as configured

STATES = {  # Kafka's words where they say too little
    "dead": "never seen by Kafka",
    "empty": "no member",
    "unknown": "Kafka is away",
}
HEADERS = {
    "partition_header": ("Partition", "Committed", "First", "End", "Lag"),
    "member_header": ("Consumer", "Condition", "Holds", "Last progress", "Last beat"),
    "pause_header": ("What", "Since", "Until", "By", "Reason", ""),
    "key_header": ("Cause", "Keys", "Draining", "Held messages"),
    "seek_header": ("Partition", "Goes on at", "By", "Reason"),
    "gap_header": ("Noticed", "Partition", "Cause", "Missed"),
}

Rows = list[tuple[Cell, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a viewer sees of a group: of the topics they may read; `is_all` if of all."""

    standing: Standing
    topics: tuple[str, ...]
    is_all: bool

    @property
    def lag(self) -> int | None:
        """What is still to be done in the topics that are seen; None without Kafka."""
        if self.standing.kafka_error:
            return None
        return sum(each.lag for each in self.standing.partitions if each.topic in self.topics)

    def shows(self, topic: str) -> bool:
        """Whether something of this topic, or of the whole group, is shown."""
        return topic in self.topics or not topic


def warnings(seen: Seen) -> Iterator[str]:
    """Say what is not as it should be."""
    standing = seen.standing
    for pause in standing.pauses:
        if seen.shows(pause.topic):
            what = pause.topic or "all topics"
            if pause.partition is not None:
                what = f"{what}:{pause.partition}"
            yield f"Paused: {what}, by {pause.by}: {pause.reason}"
    if not any(each.is_alive for each in standing.members):
        yield f"No consumer lives. Start manage.py runconsumer {standing.group}."
    elif (standing.progress_age_s or 0.0) > configured().handler_deadline_s and seen.lag:
        yield (
            f"Nothing was moved for {standing.progress_age_s:,.0f} s, although there is something "
            "to do."
        )
    if seen.is_all and standing.open_letters:
        more = "more than " if standing.has_more_letters else ""
        yield f"Open dead letters: {more}{standing.open_letters:,}."


def partitions(seen: Seen) -> Rows:
    """Each partition on Kafka, and what the group has still to do of it."""
    return [
        (
            f"{each.topic}:{each.partition}",
            "nothing" if each.committed is None else f"{each.committed:,}",
            f"{each.first:,}",
            f"{each.end:,}",
            f"{each.lag:,}",
        )
        for each in seen.standing.partitions
        if each.topic in seen.topics
    ]


def member(each: GroupMember, seen: Seen) -> tuple[Cell, ...]:
    """A consumer, and what it holds."""
    held = [f"{topic}:{number}" for topic, number in each.partitions if seen.shows(topic)]
    return (
        f"{each.host}:{each.pid}" if each.host else each.client_id,
        columns.label("alive" if each.is_alive else "silent" if each.host else "no heartbeat"),
        ", ".join(held) or "nothing",
        columns.moment(each.progress_at),
        columns.moment(each.beat_at),
    )


def pauses(request: HttpRequest, seen: Seen) -> Rows:
    """What stands still, with the way to resume it."""
    group = seen.standing.group
    rows: Rows = []
    for each in seen.standing.pauses:
        if not seen.shows(each.topic):
            continue
        what = each.topic or "all topics"
        allowed = RESUME.allows(request.user, topics=topics_of(group, topic=each.topic))
        rows.append(
            (
                what if each.partition is None else f"{what}:{each.partition}",
                columns.moment(each.paused_at),
                columns.moment(each.until) if each.until else "resumed by hand",
                each.by,
                each.reason,
                _resume(each.pk) if allowed else "",
            )
        )
    return rows


def _resume(pause_id: object) -> SafeString:
    page = reverse(f"admin:{pausing.RESUME_PAGE}", args=[pause_id])
    return format_html('<a class="wb-link" href="{}">Resume</a>', page)


def gaps(seen: Seen) -> Rows:
    """What the group missed."""
    return [
        (
            columns.moment(each.at),
            f"{each.topic}:{each.partition}",
            columns.label(each.cause),
            "unknown" if each.missed is None else f"{each.missed:,}",
        )
        for each in seen.standing.gaps
        if seen.shows(each.topic)
    ]
