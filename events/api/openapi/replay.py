"""A replay, described: its record, and what one would do."""

from events.api.openapi.letters import BASE64
from events.api.openapi.shapes import (
    MOMENT,
    NUMBER,
    TEXT,
    UUID,
    WHOLE,
    YES_OR_NO,
    Shape,
    listed,
    nullable,
    one_of,
    partial,
    record,
)
from events.models import Replay
from events.replaying.counters import (
    ABSENT,
    ARCHIVED,
    DEAD_LETTERED,
    DONE,
    FAILED,
    IN_WORK,
    OTHER,
    QUARANTINED,
    SUCCEEDED,
    UNDECODABLE,
    UNKNOWN,
)

_PARTITION: dict[str, Shape] = {"topic": TEXT, "partition": WHOLE}
_SPAN: dict[str, Shape] = {
    "from": {**WHOLE, "description": "The first offset."},
    "to": {**WHOLE, "description": "The offset behind the last one."},
}
_FIRST = {**WHOLE, "description": "The first message that Kafka had when it was asked for."}
_BOUND = {**nullable(WHOLE), "description": "Null: left out."}
_RANGE: Shape = {
    "oneOf": [
        one_of("all"),
        record(
            offsets=record(
                **{"from": _BOUND},
                before=_BOUND,
                partition=nullable(WHOLE),
                partitions=nullable(
                    listed(record(**_PARTITION, **{"from": _BOUND}, before=_BOUND))
                ),
            )
        ),
        record(timestamps=record(**{"from": nullable(MOMENT)}, before=nullable(MOMENT))),
    ],
    "description": "As it was asked for.",
}
_COUNTERS = record(
    "Every message is counted once; `archived` and `absent` beside.",
    **{
        SUCCEEDED: {**WHOLE, "description": "Run by this replay, and done."},
        FAILED: {**WHOLE, "description": "Run by this replay, and now a dead letter."},
        DONE: {**WHOLE, "description": "Done already: not run."},
        DEAD_LETTERED: {**WHOLE, "description": "Given up before, waits for people: left."},
        UNKNOWN: {**WHOLE, "description": "Nobody knows whether its effect happened: left."},
        QUARANTINED: {**WHOLE, "description": "Its key is closed: left."},
        IN_WORK: {**WHOLE, "description": "In the hands of the living group: left."},
        UNDECODABLE: {**WHOLE, "description": "No handler can get it; it is a dead letter."},
        OTHER: {**WHOLE, "description": "Of another type, key or time, or without a handler."},
        ARCHIVED: {**WHOLE, "description": "How many came out of the stored events."},
        ABSENT: {**WHOLE, "description": "Offsets that hold no message."},
    },
)
_REPLAY: dict[str, Shape] = {
    "id": {**UUID, "description": "Of a forced one also the `replay` of its consumptions."},
    "group": TEXT,
    "topics": listed(TEXT),
    "range": _RANGE,
    "type": {**nullable(TEXT), "description": "Only this event type."},
    "key": {**nullable(TEXT), "description": "Only this key, where it is UTF-8; null: any."},
    "key_base64": BASE64,
    "key_withheld": {**YES_OR_NO, "description": "True: the caller may not see the key."},
    "mode": one_of(*Replay.Mode.values),
    "rate": {**nullable(NUMBER), "description": "Messages given to handlers a second, at most."},
    "from_archive": YES_OR_NO,
    "state": {
        **one_of(*Replay.State.values),
        "description": "requested: waits for a process to run it.",
    },
    "by": TEXT,
    "reason": TEXT,
    "requested_at": MOMENT,
    "started_at": nullable(MOMENT),
    "finished_at": nullable(MOMENT),
    "progress_at": {**nullable(MOMENT), "description": "When the counters were written."},
    "progress": {**NUMBER, "minimum": 0, "maximum": 1, "description": "Of its offsets."},
    "counters": _COUNTERS,
    "host": {**nullable(TEXT), "description": "Of the process that runs it, or ran it last."},
    "pid": nullable(WHOLE),
    "links": record(self=TEXT),
}
_KEY = ("key", "key_base64", "key_withheld")

REPLAY_RECORD = partial(record("A job that consumes old events again.", **_REPLAY), *_KEY)
WHOLE_REPLAY = partial(
    record(
        "A job that consumes old events again, partition by partition, with its report.",
        **_REPLAY,
        partitions=listed(
            record(
                "What it reads of one partition, as resolved when it was asked for.",
                **_PARTITION,
                **_SPAN,
                position={**WHOLE, "description": "The offset to go on with."},
                first=_FIRST,
                end=WHOLE,
                committed={**nullable(WHOLE), "description": "Where the group was."},
            )
        ),
        report=record(
            gaps=listed(
                record(
                    "Offsets without a message on Kafka, and the stored events that lay there.",
                    **_PARTITION,
                    **_SPAN,
                    offsets=WHOLE,
                    events={**listed(UUID), "description": "At most 100 of them."},
                    events_count=WHOLE,
                )
            ),
            gaps_cut={**YES_OR_NO, "description": "True: there were more gaps."},
            note={**TEXT, "description": "Why it failed, or paused by itself."},
        ),
    ),
    *_KEY,
)

_COUNT = nullable(WHOLE)
_LEFT = nullable(
    record(
        "Neither done nor run.",
        **dict.fromkeys((DEAD_LETTERED, UNKNOWN, QUARANTINED, IN_WORK), WHOLE),
    )
)
_COUNTS: dict[str, Shape] = {
    "messages": {**WHOLE, "description": "Offsets that are read from Kafka."},
    "removed": {**WHOLE, "description": "Offsets of the range that Kafka no longer has."},
    "archived": {**_COUNT, "description": "How many stored events lay there."},
    "chosen": {**_COUNT, "description": "Messages of the type or key that was asked for."},
    "done": {**_COUNT, "description": "Done already."},
    "left": _LEFT,
    "would_run": {**_COUNT, "description": "At most so many are run."},
    "beyond": {**WHOLE, "description": "Behind `to`: the living group has yet to come to them."},
}
REPLAY_PREVIEW = record(
    "What a replay would do; nothing was done.",
    dry_run=YES_OR_NO,
    mode=one_of(*Replay.Mode.values),
    is_counted={**YES_OR_NO, "description": "False: to count all would have taken too long."},
    note={**TEXT, "description": "What the counts do not tell."},
    partitions=listed(record(**_PARTITION, first=_FIRST, **_SPAN, **_COUNTS)),
    totals=record(**_COUNTS),
)
