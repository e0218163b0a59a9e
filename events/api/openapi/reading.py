"""Reading, described."""

from dataclasses import fields

from events.api import problem_kinds as kinds
from events.api.openapi.operation import Answer, Operation, path_parameter, query_parameter
from events.api.openapi.paging import PAGES, PAGING, TIME
from events.api.openapi.shapes import (
    NUMBER,
    TEXT,
    UUID,
    WHOLE,
    listed,
    named,
    nullable,
    one_of,
    record,
)
from events.auditing.waybill import State
from events.conf import THROTTLED, Limits

_TAG = "Reading"
_INCLUDE = query_parameter(
    "include", "Adds headers and value, for callers who may see them.", one_of("value")
)

EVENTS = Operation(
    id="events",
    tag=_TAG,
    summary="Events, newest first",
    description=PAGES,
    parameters=[
        query_parameter("topic", "Only of this topic."),
        query_parameter("type", "Only of this event type."),
        query_parameter("key", "Only of this key."),
        query_parameter("subject", "Only about this subject."),
        query_parameter("state", "Only in this state.", one_of(*(each.value for each in State))),
        query_parameter("published_by", "Only by this caller."),
        query_parameter("accepted_from", "Accepted then or later.", TIME),
        query_parameter("accepted_before", "Accepted earlier.", TIME),
        _INCLUDE,
        *PAGING,
    ],
    answers=[
        Answer(
            status=200,
            description="A page.",
            shape=record(events=listed(named("ListedEvent")), next=nullable(TEXT)),
        )
    ],
)
WAYBILL = Operation(
    id="waybill",
    tag=_TAG,
    summary="The waybill of an event: all that became of it",
    parameters=[path_parameter("event_id", "The id of the event.", UUID), _INCLUDE],
    answers=[Answer(status=200, description="The waybill.", shape=named("Waybill"))],
    problems=[kinds.NOT_FOUND],
)
TOPICS = Operation(
    id="topics",
    tag=_TAG,
    summary="The topics with which the caller may do anything",
    answers=[
        Answer(status=200, description="By name.", shape=record(topics=listed(named("Topic"))))
    ],
)
TOPIC = Operation(
    id="topic",
    tag=_TAG,
    summary="A topic: its event types, its groups, what the caller may do",
    parameters=[path_parameter("topic", "A declared topic.")],
    answers=[Answer(status=200, description="The topic.", shape=named("Topic"))],
    problems=[kinds.UNKNOWN_TOPIC],
)
LIMITS = Operation(
    id="limits",
    tag=_TAG,
    summary="How much may be sent: bytes, items, requests",
    answers=[
        Answer(
            status=200,
            description="In bytes, items, levels and seconds.",
            shape=record(
                limits=record(**{each.name: WHOLE for each in fields(Limits)}),
                backlog_age_limit_s=NUMBER,
                throttles=record(
                    **{
                        scope: nullable(record(units=WHOLE, window_s=NUMBER))
                        for scope in THROTTLED
                    }
                ),
            ),
        )
    ],
)
HEALTH = Operation(
    id="health",
    tag=_TAG,
    summary="Is it well? The processes and the backlog",
    answers=[Answer(status=200, description="Also where it is not.", shape=named("Health"))],
    problems=[kinds.FORBIDDEN],
)
