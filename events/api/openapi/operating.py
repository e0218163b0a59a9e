"""Operating, described: pauses, positions and unknown outcomes."""

from events.api import problem_kinds as kinds
from events.api.openapi.groups import GROUP_NAME
from events.api.openapi.ledger import CONSUMPTION_ID
from events.api.openapi.letters import BASE64
from events.api.openapi.operation import (
    Answer,
    Operation,
    header_parameter,
    json_body,
    path_parameter,
    query_parameter,
)
from events.api.openapi.paging import TIME
from events.api.openapi.shapes import (
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
    record,
    text,
)
from events.api.operating.asked import REASON_CHARACTERS
from events.api.operating.refused import (
    NOT_UNKNOWN,
    PAUSE_REFUSED,
    RESOLVE_REFUSED,
    SEEK_REFUSED,
)
from events.conf import Limits

OPERATING = "Operating"
REASON: Shape = {
    **text(REASON_CHARACTERS, least=1),
    "description": "Why: for whoever reads the audit later.",
}
DRY_RUN: Shape = {
    **nullable(YES_OR_NO),
    "description": "True: 200 with what would happen, and nothing does; needs no reason.",
}
IS_DRY_RUN: Shape = {**YES_OR_NO, "description": "True: nothing was done."}
IDEMPOTENCY_KEY = header_parameter(
    "Idempotency-Key", "Makes a repeated request harmless.", text(257)
)
REPLAYED = ("Idempotent-Replayed",)
# What every operation here may answer besides.
OPERATING_PROBLEMS = (
    kinds.MALFORMED_JSON,
    kinds.FORBIDDEN,
    kinds.NOT_FOUND,
    kinds.TOO_SLOW,
    kinds.IDEMPOTENCY_KEY_IN_USE,
    kinds.TOO_LARGE,
    kinds.UNSUPPORTED_MEDIA_TYPE,
    kinds.INVALID,
    kinds.IDEMPOTENCY_KEY_REUSED,
)
_KEY = text(Limits().key_bytes, least=1)
_PARTITION: Shape = nullable({**WHOLE, "minimum": 0, "maximum": 2**31 - 1})
_TOPIC: Shape = {**nullable(TEXT), "description": "Of the group; left out: all of its topics."}

PAUSES = Operation(
    id="pauses",
    tag="Reading",
    summary="What stands still now: pauses and closed keys",
    parameters=[query_parameter("group", "Only of this group.")],
    answers=[
        Answer(
            status=200,
            description="By group, each the oldest first.",
            shape=record(
                pauses=listed(named("Pause")),
                complete={**YES_OR_NO, "description": "False: only the first 1,000 are told."},
            ),
        )
    ],
)
PAUSE = Operation(
    id="pause",
    tag=OPERATING,
    summary="Stop a group, a topic, a partition or one key",
    description=(
        "In force within a second in every running consumer, and durable: until it is resumed or "
        "`until` is over. While a key is paused its partition flows on, and its messages are held "
        "in order."
    ),
    parameters=[GROUP_NAME, IDEMPOTENCY_KEY],
    body=json_body(
        optional(
            record(
                topic=_TOPIC,
                partition={**_PARTITION, "description": "Needs the topic."},
                key={**nullable(_KEY), "description": "As text; needs the topic."},
                key_base64={**nullable(BASE64), "description": "The key, where it is no text."},
                until={**nullable(TIME), "description": "Left out: until it is resumed."},
                reason=REASON,
            ),
            "reason",
        )
    ),
    answers=[Answer(status=201, description="It stands.", shape=named("Pause"), headers=REPLAYED)],
    problems=[*OPERATING_PROBLEMS, PAUSE_REFUSED],
)
RESUME = Operation(
    id="resume",
    tag=OPERATING,
    summary="End a pause, or release a closed key",
    description="What a key held runs first, in order; it stays closed until none is left.",
    parameters=[
        path_parameter("pause_id", "The id of the pause, or of the closed key.", UUID),
        IDEMPOTENCY_KEY,
    ],
    body=json_body(record(reason=REASON)),
    answers=[Answer(status=200, description="It ended.", shape=named("Pause"), headers=REPLAYED)],
    problems=[*OPERATING_PROBLEMS, PAUSE_REFUSED],
)

_SOUGHT = record(
    dry_run=IS_DRY_RUN,
    at_once={
        **nullable(YES_OR_NO),
        "description": "True: changed in Kafka; false: left to the consumers; null: nothing done.",
    },
    partitions=listed(
        record(
            "What becomes of one partition; offsets are those of the next message to read.",
            topic=TEXT,
            partition=WHOLE,
            committed=nullable(WHOLE),
            first=WHOLE,
            end=WHOLE,
            target=WHOLE,
            again={**WHOLE, "description": "Handed out again; what is done is skipped."},
            skipped={**WHOLE, "description": "Never handled."},
        )
    ),
    seeks={**listed(UUID), "description": "What was requested."},
)
SEEK = Operation(
    id="seek",
    tag=OPERATING,
    summary="Let a group go on at another offset",
    description=(
        "Look first, with `dry_run`. Without a living consumer Kafka's offsets are changed at "
        "once (200); else the consumer that owns a partition goes there (202), and `seeks` of the "
        "group tells which have still to. A repeated request is answered 202 as it was stored. "
        "While Kafka is away: 503."
    ),
    parameters=[GROUP_NAME, IDEMPOTENCY_KEY],
    body=json_body(
        optional(
            record(
                to={
                    "oneOf": [
                        one_of("earliest", "latest"),
                        record(offset={**WHOLE, "minimum": 0, "maximum": 2**63 - 1}),
                        record(timestamp=TIME),
                    ]
                },
                topic=_TOPIC,
                partition={**_PARTITION, "description": "Needs the topic."},
                reason=REASON,
                dry_run=DRY_RUN,
            ),
            "to",
        )
    ),
    answers=[
        Answer(
            status=200, description="Done at once, or looked at.", shape=_SOUGHT, headers=REPLAYED
        ),
        Answer(status=202, description="Left to the consumers.", shape=_SOUGHT, headers=REPLAYED),
    ],
    problems=[*OPERATING_PROBLEMS, SEEK_REFUSED],
)

_RESOLVED = record(
    **{
        "dry_run": IS_DRY_RUN,
        "as": one_of("done", "resend"),
        "reference": {**TEXT, "description": "Of the effect: a Message-ID, say."},
        "payload_bytes": {
            **nullable(WHOLE),
            "description": "Of what is sent again as it was; null: the handler makes it anew.",
        },
        "consumption": named("Consumption"),
    }
)
RESOLVE = Operation(
    id="resolve",
    tag=OPERATING,
    summary="Say of an unknown effect that it happened, or have it done once more",
    description=(
        "`done`: the dedupe key is succeeded. `resend`: the consumer that owns the partition does "
        "it once more, the same bytes under the same reference."
    ),
    parameters=[CONSUMPTION_ID, IDEMPOTENCY_KEY],
    body=json_body(
        optional(
            record(
                **{"as": one_of("done", "resend"), "reason": REASON, "dry_run": DRY_RUN},
            ),
            "as",
        )
    ),
    answers=[
        Answer(status=200, description="Done, or looked at.", shape=_RESOLVED, headers=REPLAYED),
        Answer(status=202, description="On its way.", shape=_RESOLVED, headers=REPLAYED),
    ],
    problems=[*OPERATING_PROBLEMS, NOT_UNKNOWN, RESOLVE_REFUSED],
)
