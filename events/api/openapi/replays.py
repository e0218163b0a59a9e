"""Replays, described: asked for, read, paused, resumed and stopped."""

from events.api import problem_kinds as kinds
from events.api.openapi.letters import BASE64
from events.api.openapi.operating import (
    DRY_RUN,
    IDEMPOTENCY_KEY,
    OPERATING,
    OPERATING_PROBLEMS,
    REASON,
    REPLAYED,
)
from events.api.openapi.operation import (
    Answer,
    Operation,
    json_body,
    path_parameter,
    query_parameter,
)
from events.api.openapi.paging import PAGES, PAGING, TIME
from events.api.openapi.shapes import (
    NUMBER,
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
from events.api.operating.refused import REPLAY_REFUSED
from events.api.operating.replay_range import (
    LARGEST_OFFSET,
    LARGEST_PARTITION,
    MOST_PARTITIONS,
)
from events.api.operating.replay_request import FASTEST, SLOWEST
from events.conf import Limits
from events.models import Replay

_OFFSET: Shape = {**WHOLE, "minimum": 0, "maximum": LARGEST_OFFSET}
_BOUNDS: dict[str, Shape] = {
    "from": {**nullable(_OFFSET), "description": "The first offset; left out: from the start."},
    "before": {**nullable(_OFFSET), "description": "Behind the last one; left out: to the end."},
}
_PARTITION: Shape = {**WHOLE, "minimum": 0, "maximum": LARGEST_PARTITION}
_OFFSETS = optional(
    record(
        "The same of every partition, or of one; or `partitions`, each with bounds of its own.",
        **_BOUNDS,
        partition={**nullable(_PARTITION), "description": "Needs a single topic."},
        partitions=nullable(
            listed(
                optional(
                    record(topic=TEXT, partition=_PARTITION, **_BOUNDS), "topic", "partition"
                ),
                minItems=1,
                maxItems=MOST_PARTITIONS,
            )
        ),
    )
)
_TIMESTAMPS = optional(
    record(
        "By the messages' own times; at least one of the two.",
        **{"from": {**nullable(TIME), "description": "Then or later."}},
        before={**nullable(TIME), "description": "Earlier."},
    )
)
_BODY = json_body(
    optional(
        record(
            group=TEXT,
            topic={**nullable(TEXT), "description": "Of the group; left out: all of its topics."},
            topics={
                **nullable(listed(TEXT, minItems=1)),
                "description": "Several, in place of `topic`.",
            },
            range={
                "oneOf": [
                    one_of("all"),
                    record(offsets=_OFFSETS),
                    record(timestamps=_TIMESTAMPS),
                ]
            },
            type={**nullable(TEXT), "description": "Only this event type."},
            key={
                **nullable(text(Limits().key_bytes)),
                "description": "Only this key, as text; not together with `type`.",
            },
            key_base64={**nullable(BASE64), "description": "The key, where it is no text."},
            mode={
                **nullable(one_of(*Replay.Mode.values)),
                "description": "missing, as when it is left out: only what the group's ledger "
                "does not have. force: all of it once more; needs the permission force_replay.",
            },
            rate={
                **nullable({**NUMBER, "minimum": SLOWEST, "maximum": FASTEST}),
                "description": "Messages given to handlers a second, at most.",
            },
            from_archive={
                **nullable(YES_OR_NO),
                "description": "What Kafka no longer has is taken from the stored events.",
            },
            reason=REASON,
            dry_run=DRY_RUN,
        ),
        "group",
        "range",
    ),
    preview={
        "summary": "Look at what is missing of one topic",
        "value": {
            "group": "invoices",
            "topic": "order_invoices",
            "range": "all",
            "dry_run": True,
        },
    },
)
_REPLAY_ID = path_parameter("replay_id", "The id of the replay.", UUID)

REPLAYS = Operation(
    id="replays",
    tag="Reading",
    summary="Replays, newest first",
    description=f"{PAGES} Told are those of nothing but such topics.",
    parameters=[
        query_parameter("group", "Only of this group."),
        query_parameter("state", "Only in this state.", one_of(*Replay.State.values)),
        *PAGING,
    ],
    answers=[
        Answer(
            status=200,
            description="A page.",
            shape=record(replays=listed(named("Replay")), next=nullable(TEXT)),
        )
    ],
)
REPLAY = Operation(
    id="replay",
    tag="Reading",
    summary="A replay: how far it is, what became of its messages, its report",
    parameters=[_REPLAY_ID],
    answers=[Answer(status=200, description="The replay.", shape=named("WholeReplay"))],
    problems=[kinds.NOT_FOUND],
)
REQUEST_REPLAY = Operation(
    id="request_replay",
    tag=OPERATING,
    summary="Have a group consume old events again",
    description=(
        "Look first, with `dry_run`. A process that runs replays (`manage.py runreplay --serve`) "
        "takes it up. In each partition it ends where the group itself is: what lies behind that "
        "is the group's own to do. While Kafka is away: 503."
    ),
    parameters=[IDEMPOTENCY_KEY],
    body=_BODY,
    answers=[
        Answer(
            status=200, description="Looked at.", shape=named("ReplayPreview"), headers=REPLAYED
        ),
        Answer(
            status=202,
            description="Asked for.",
            shape=named("WholeReplay"),
            headers=["Location", *REPLAYED],
        ),
    ],
    problems=[*OPERATING_PROBLEMS, REPLAY_REFUSED],
)


def _change(name: str, *, summary: str, description: str) -> Operation:
    return Operation(
        id=name,
        tag=OPERATING,
        summary=summary,
        description=description,
        parameters=[_REPLAY_ID, IDEMPOTENCY_KEY],
        body=json_body(record(reason=REASON)),
        answers=[
            Answer(
                status=200,
                description="As it is now.",
                shape=named("WholeReplay"),
                headers=REPLAYED,
            )
        ],
        problems=[*OPERATING_PROBLEMS, REPLAY_REFUSED],
    )


PAUSE_REPLAY = _change(
    "pause_replay",
    summary="Let a replay stand still",
    description="The process that runs it notices within a second.",
)
RESUME_REPLAY = _change(
    "resume_replay",
    summary="Let a paused or failed replay go on where it was",
    description="A forced one needs the permission force_replay, too.",
)
STOP_REPLAY = _change(
    "stop_replay",
    summary="End a replay for good",
    description="What it did stays done.",
)
