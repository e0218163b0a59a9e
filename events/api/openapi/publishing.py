"""Publishing, described."""

from events.api import problem_kinds as kinds
from events.api.openapi.operation import (
    Answer,
    Operation,
    header_parameter,
    path_parameter,
    query_parameter,
)
from events.api.openapi.shapes import (
    ANYTHING,
    TEXT,
    UUID,
    WHOLE,
    YES_OR_NO,
    Shape,
    listed,
    named,
    nullable,
    one_of,
    optional,
    partial,
    record,
    text,
)
from events.conf import Limits
from events.publishing.rules import NAME_CHARACTERS, SUBJECT_BYTES
from events.schemas import JSON

_LIMITS = Limits()
_NAME = text(NAME_CHARACTERS, least=1)
_TIME: Shape = {"type": "string", "format": "date-time"}

EVENT_REQUEST = optional(
    record(
        "One event, as its sender tells it. An optional member that is null counts as left out.",
        type={**TEXT, "description": "An event type that the topic carries."},
        data={**ANYTHING, "description": "Any JSON; its exact bytes are the value on Kafka."},
        key={
            **nullable(text(_LIMITS.key_bytes)),
            "description": "Events of one topic and key keep their order.",
        },
        subject=nullable(text(SUBJECT_BYTES)),
        id={**nullable(_NAME), "description": "The sender's own; with the source it is unique."},
        source=nullable(_NAME),
        time={**nullable(_TIME), "description": "When it happened; else when it is accepted."},
        headers=nullable({"type": "object", "additionalProperties": TEXT}),
    ),
    "type",
    "data",
)
CLOUD_EVENT: Shape = {
    "type": "object",
    "description": "A CloudEvent 1.0 in JSON; any other member is an extension.",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": _NAME,
        "source": _NAME,
        "type": TEXT,
        "subject": nullable(text(SUBJECT_BYTES, least=1)),
        "time": nullable(_TIME),
        "datacontenttype": nullable(TEXT),
        "dataschema": nullable(text(NAME_CHARACTERS, least=1)),
        "partitionkey": {
            **nullable(text(_LIMITS.key_bytes)),
            "description": "The key.",
        },
        "data": ANYTHING,
        "data_base64": nullable({**TEXT, "contentEncoding": "base64"}),
    },
    "required": ["specversion", "id", "source", "type"],
    "additionalProperties": {"type": ["string", "integer", "boolean", "null"]},
}
PLACE: dict[str, Shape] = {"partition": WHOLE, "offset": WHOLE}
_ITEM = partial(
    record(
        "What became of one event of a batch.",
        status=WHOLE,
        id=UUID,
        replayed={**YES_OR_NO, "description": "It was stored before."},
        problem=named("ItemProblem"),
        **PLACE,
    ),
    "id",
    "replayed",
    "problem",
    *PLACE,
)
_PUBLISHED: Shape = {"oneOf": [named("PublishedEvent"), listed(named("PublishedEvent"))]}
# Of a batch not all of which was published in time, some may be.
_ACCEPTED: Shape = {
    "oneOf": [
        named("Event"),
        listed({"anyOf": [named("Event"), named("PublishedEvent")]}),
    ]
}


def _batch(shape: Shape) -> Shape:
    return listed(shape, minItems=1, maxItems=_LIMITS.batch_events)


PUBLISH = Operation(
    id="publish",
    tag="Publishing",
    summary="Publish an event, or a batch",
    description=(
        "202 means: stored, and it will reach Kafka, even if Kafka is down now. A batch is stored "
        "as a whole or not at all; with `atomic=false` each event has an answer of its own (207). "
        "In CloudEvents binary mode the attributes are headers (`ce-…`) and the body is the data."
    ),
    parameters=[
        path_parameter("topic", "A declared topic."),
        query_parameter(
            "atomic", "Whether a batch is stored as a whole.", one_of("true", "false")
        ),
        header_parameter("Idempotency-Key", "Makes a repeated request harmless.", text(257)),
        header_parameter("Prefer", "`wait=N`: answer when Kafka has it, in N seconds at most."),
        header_parameter("ce-specversion", "`1.0`: CloudEvents binary mode."),
        header_parameter("traceparent", "W3C Trace Context; travels with the events."),
    ],
    body={
        JSON: {"schema": {"oneOf": [named("EventRequest"), _batch(named("EventRequest"))]}},
        "application/cloudevents+json": {"schema": named("CloudEvent")},
        "application/cloudevents-batch+json": {"schema": _batch(named("CloudEvent"))},
    },
    answers=[
        Answer(
            status=201,
            description="Stored, and published in the time waited for.",
            shape=_PUBLISHED,
            headers=["Location", "Preference-Applied", "Idempotent-Replayed"],
        ),
        Answer(
            status=202,
            description="Stored.",
            shape=_ACCEPTED,
            headers=["Location", "Idempotent-Replayed"],
        ),
        Answer(
            status=207,
            description="What became of each event of the batch, in order.",
            shape=listed(_ITEM),
            headers=["Preference-Applied", "Idempotent-Replayed"],
        ),
    ],
    problems=[
        kinds.MALFORMED_JSON,
        kinds.INVALID_PARAMETER,
        kinds.FORBIDDEN,
        kinds.UNKNOWN_TOPIC,
        kinds.TOO_SLOW,
        kinds.EVENT_ID_REUSED,
        kinds.IDEMPOTENCY_KEY_IN_USE,
        kinds.TOO_LARGE,
        kinds.UNSUPPORTED_MEDIA_TYPE,
        kinds.INVALID,
        kinds.UNKNOWN_EVENT_TYPE,
        kinds.IDEMPOTENCY_KEY_REUSED,
        kinds.BACKLOG,
    ],
)
