"""Consumer groups, described."""

from events.api import problem_kinds as kinds
from events.api.openapi.letters import BASE64
from events.api.openapi.operation import Answer, Operation, path_parameter
from events.api.openapi.shapes import (
    MOMENT,
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
    partial,
    record,
)
from events.models import ClosedKey, Gap

_PLACE: dict[str, Shape] = {"topic": TEXT, "partition": WHOLE}
GROUP_NAME = path_parameter("group", "A consumer group.")

PAUSE_RECORD = partial(
    record(
        "What stands still: a group, a topic, a partition, or one key of a topic.",
        id=UUID,
        group=TEXT,
        topic=nullable(TEXT),
        what=one_of("group", "topic", "partition", "key"),
        cause={
            **one_of(*ClosedKey.Cause.values),
            "description": "quarantined: its first message failed for good; retrying: it is tried "
            "again. Both only of a key.",
        },
        partition=nullable(WHOLE),
        key={**TEXT, "description": "Where it is UTF-8."},
        key_base64=BASE64,
        key_withheld={**YES_OR_NO, "description": "True: the caller may not see the key."},
        head={**nullable(UUID), "description": "The letter that closed the key by failing."},
        since=MOMENT,
        resumed_at={**nullable(MOMENT), "description": "Of a key: what it held runs since then."},
        by=TEXT,
        reason=TEXT,
        until=nullable(MOMENT),
        links=record(resume=TEXT),
    ),
    "key",
    "key_base64",
    "key_withheld",
)
GROUP_RECORD = record(
    "Where a group stands, in the topics that the caller may read.",
    name=TEXT,
    topics=listed(TEXT),
    kafka={
        **nullable(
            record(
                "By Kafka's own word.",
                state=TEXT,
                lag={**nullable(WHOLE), "description": "Of all these partitions."},
                partitions=listed(
                    record(
                        "Offsets of the next message to read; committed null: nothing yet.",
                        **_PLACE,
                        committed=nullable(WHOLE),
                        first=WHOLE,
                        end=WHOLE,
                        lag=WHOLE,
                    )
                ),
            )
        ),
        "description": "Null while Kafka is away: `kafka_error` says so.",
    },
    kafka_error=nullable(TEXT),
    members=listed(
        record(
            "A consumer: Kafka's member and the process whose heartbeat fits.",
            client_id={**nullable(TEXT), "description": "Null: Kafka knows no such member."},
            host={**nullable(TEXT), "description": "Null: no heartbeat fits."},
            pid=nullable(WHOLE),
            is_alive=YES_OR_NO,
            started_at=nullable(MOMENT),
            beat_at=nullable(MOMENT),
            progress_at=nullable(MOMENT),
            partitions=listed(record(**_PLACE)),
        )
    ),
    progress_age_s={
        **nullable(NUMBER),
        "description": "How long ago the last living consumer moved; null without one.",
    },
    pauses=listed(named("Pause")),
    closed_keys=listed(
        record(
            "Closed keys of one cause; the released ones drain.",
            cause=one_of(*ClosedKey.Cause.values),
            keys=WHOLE,
            released=WHOLE,
            held={**WHOLE, "description": "Messages that wait behind them, in order."},
        )
    ),
    seeks=listed(
        record(
            "A seek that a consumer has still to carry out.",
            id=UUID,
            **_PLACE,
            from_offset=nullable(WHOLE),
            to_offset=WHOLE,
            by=TEXT,
            reason=TEXT,
            requested_at=MOMENT,
        )
    ),
    gaps=listed(
        record(
            "The group's position and what lay on Kafka did not fit; the newest ten.",
            **_PLACE,
            cause=one_of(*Gap.Cause.values),
            policy=one_of(*Gap.Policy.values),
            from_offset=nullable(WHOLE),
            to_offset=WHOLE,
            missed={**nullable(WHOLE), "description": "Never handled; null: nobody can know."},
            at=MOMENT,
        )
    ),
    open_letters={**WHOLE, "description": "Dead letters that wait for people, 1,000 at most."},
    has_more_letters=YES_OR_NO,
)

GROUPS = Operation(
    id="groups",
    tag="Reading",
    summary="The consumer groups of which the caller may read a topic",
    answers=[
        Answer(
            status=200,
            description="By name.",
            shape=record(
                groups=listed(
                    record(
                        "A group at a glance; Kafka is not asked.",
                        name=TEXT,
                        topics={**listed(TEXT), "description": "That the caller may read."},
                        living_consumers=WHOLE,
                        is_paused={**YES_OR_NO, "description": "All of it stands still."},
                        links=record(self=TEXT),
                    )
                )
            ),
        )
    ],
)
GROUP = Operation(
    id="group",
    tag="Reading",
    summary="A consumer group: lag, members, pauses, closed keys, seeks and gaps",
    description="200 also while Kafka is away: `kafka` is null then, and the rest is told.",
    parameters=[GROUP_NAME],
    answers=[Answer(status=200, description="The group.", shape=named("Group"))],
    problems=[kinds.NOT_FOUND],
)
