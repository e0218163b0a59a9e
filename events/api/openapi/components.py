"""Components: the records that answers are made of."""

from typing import Any

from events.api.openapi.groups import GROUP_RECORD, PAUSE_RECORD
from events.api.openapi.ledger import (
    ATTEMPT_RECORD,
    CONSUMPTION_HISTORY,
    CONSUMPTION_RECORD,
    GENERATION,
    POSITION,
)
from events.api.openapi.letters import HEADER, LETTER_RECORD, WHOLE_LETTER
from events.api.openapi.problem import ITEM_PROBLEM, PROBLEM
from events.api.openapi.publishing import CLOUD_EVENT, EVENT_REQUEST, PLACE
from events.api.openapi.replay import REPLAY_PREVIEW, REPLAY_RECORD, WHOLE_REPLAY
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
from events.auditing.entries import Kind
from events.auditing.waybill import State
from events.grants import Right
from events.models import DeadLetter, Replay

EVENT: dict[str, Shape] = {
    "id": UUID,
    "source": TEXT,
    "ce_id": {**TEXT, "description": "The CloudEvents id: the caller's, or ours."},
    "topic": TEXT,
    "key": nullable(TEXT),
    "type": TEXT,
    "subject": TEXT,
    "content_type": TEXT,
    "value_bytes": {**nullable(WHOLE), "description": "Null: a tombstone."},
    "value_sha256": nullable({**TEXT, "pattern": "^[0-9a-f]{64}$"}),
    "occurred_at": MOMENT,
    "accepted_at": MOMENT,
    "published_by": TEXT,
    "request_id": TEXT,
    "state": {
        **one_of(*(state.value for state in State)),
        "description": "accepted: not in Kafka yet; parked: can never be written.",
    },
    "links": record(self={**TEXT, "format": "uri-reference"}),
}

PUBLICATION = record(
    "A confirmed write to Kafka.", **POSITION, published_at=MOMENT, cause=TEXT, by=TEXT
)

# What `include=value` adds.
_VALUE: dict[str, Shape] = {
    "value_withheld": {**YES_OR_NO, "description": "True: the caller may not see it."},
    "headers": listed({"type": "array", "prefixItems": [TEXT, TEXT], "items": False}),
    "value": {**nullable(TEXT), "description": "Where it is UTF-8; null: a tombstone."},
    "value_base64": {**TEXT, "contentEncoding": "base64"},
}

_WAYBILL = record(
    "An event and all that became of it.",
    **EVENT,
    **_VALUE,
    publications=listed(named("Publication")),
    consumptions=listed(named("Consumption")),
    attempts=listed(named("Attempt")),
    dead_letters=listed(
        record(
            id=UUID,
            group=TEXT,
            **GENERATION,
            **POSITION,
            state=one_of(*DeadLetter.State.values),
            attempts=WHOLE,
            exception=TEXT,
            error=TEXT,
            created_at=MOMENT,
            changed_at=MOMENT,
            reason=TEXT,
        )
    ),
    replays={
        **listed(
            record(
                id=UUID,
                group=TEXT,
                mode=one_of(*Replay.Mode.values),
                state=one_of(*Replay.State.values),
                by=TEXT,
                reason=TEXT,
                requested_at=MOMENT,
                finished_at=nullable(MOMENT),
            )
        ),
        "description": "The replays that ran it.",
    },
    actions={
        **listed(
            record(
                id=UUID,
                at=MOMENT,
                actor=TEXT,
                action=TEXT,
                target_type=TEXT,
                target_id=TEXT,
                allowed=YES_OR_NO,
                reason=TEXT,
            )
        ),
        "description": (
            "On the event, its outbox entries, letters and consumptions, and the replays; "
            "`reveal`: somebody saw what it says."
        ),
    },
    timeline=listed(
        record(
            at=MOMENT,
            kind=one_of(*(kind.value for kind in Kind)),
            group=TEXT,
            summary=TEXT,
            details={"type": "object"},
        )
    ),
    complete={**YES_OR_NO, "description": "False: there was more than is shown."},
)

TOPIC = record(
    "A declared topic.",
    name=TEXT,
    description=TEXT,
    partitions=WHOLE,
    types=listed(
        record(
            "An event type.",
            name=TEXT,
            description=TEXT,
            schema={**nullable({"type": "object"}), "description": "The values' JSON Schema."},
        )
    ),
    groups={**listed(TEXT), "description": "The consumer groups that handle its events."},
    rights={
        **listed(one_of(*(right.value for right in Right))),
        "description": "What the caller may do.",
    },
    links=record(self=TEXT, publish=TEXT),
)

HEALTH = record(
    is_well=YES_OR_NO,
    reasons=listed(record("Why it is not well.", code=TEXT, detail=TEXT)),
    backlog=record(
        "What is accepted and not yet in Kafka.",
        pending=WHOLE,
        delayed=WHOLE,
        parked=WHOLE,
        is_exact={**YES_OR_NO, "description": "False: there are more than is counted."},
        oldest_age_s=nullable(NUMBER),
    ),
    processes=listed(
        record(
            "A relay or a consumer.",
            role=one_of("relay", "consumer"),
            group=nullable(TEXT),
            host=TEXT,
            pid=WHOLE,
            is_alive=YES_OR_NO,
            holds=listed({"type": ["string", "integer"]}),
            started_at=MOMENT,
            beat_at=MOMENT,
            progress_at=nullable(MOMENT),
        )
    ),
)

COMPONENTS: dict[str, Any] = {
    "Problem": PROBLEM,
    "ItemProblem": ITEM_PROBLEM,
    "EventRequest": EVENT_REQUEST,
    "CloudEvent": CLOUD_EVENT,
    "Event": record("An event as it was accepted; its value is left out.", **EVENT),
    "PublishedEvent": record("An event, and where it lies.", **EVENT, **PLACE),
    "ListedEvent": partial(record("An event of a list.", **EVENT, **_VALUE), *_VALUE),
    "Topic": TOPIC,
    "Health": HEALTH,
    "Publication": PUBLICATION,
    "Consumption": CONSUMPTION_RECORD,
    "ConsumptionHistory": CONSUMPTION_HISTORY,
    "Attempt": ATTEMPT_RECORD,
    "DeadLetter": LETTER_RECORD,
    "WholeDeadLetter": WHOLE_LETTER,
    "LetterHeader": HEADER,
    "Group": GROUP_RECORD,
    "Pause": PAUSE_RECORD,
    "Replay": REPLAY_RECORD,
    "WholeReplay": WHOLE_REPLAY,
    "ReplayPreview": REPLAY_PREVIEW,
    "Waybill": partial(_WAYBILL, *_VALUE),
}
