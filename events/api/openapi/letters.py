"""Dead letters, described."""

from events.api import problem_kinds as kinds
from events.api.openapi.ledger import GENERATION, POSITION
from events.api.openapi.operation import Answer, Operation, path_parameter, query_parameter
from events.api.openapi.paging import PAGES, PAGING, TIME
from events.api.openapi.shapes import (
    MOMENT,
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
from events.models import DeadLetter

BASE64: Shape = {**TEXT, "contentEncoding": "base64"}
_STATE = {
    **one_of(*DeadLetter.State.values),
    "description": (
        "open: waits for people; held: follower of a closed key, waits in order; redriving: "
        "handed back; redriven: `result` says what became of it; discarded: a person said no."
    ),
}
_LETTER: dict[str, Shape] = {
    "id": UUID,
    "group": TEXT,
    **POSITION,
    "state": _STATE,
    "event_id": {**nullable(UUID), "description": "Null: not published here."},
    "source": TEXT,
    "ce_id": TEXT,
    "type": TEXT,
    "dedupe_key": TEXT,
    "handler": TEXT,
    **GENERATION,
    "attempts": WHOLE,
    "exception": TEXT,
    "error": TEXT,
    "value_bytes": {**nullable(WHOLE), "description": "Null: a tombstone."},
    "recorded_at": {**nullable(MOMENT), "description": "The record's own time on Kafka."},
    "created_at": MOMENT,
    "changed_at": MOMENT,
    "reason": {**TEXT, "description": "Why a person redrove or discarded it."},
    "result": {**TEXT, "description": "What became of a redrive."},
    "parent": {**nullable(UUID), "description": "The letter whose redrive led to this one."},
    "links": record(self=TEXT, waybill=nullable(TEXT)),
}
HEADER = partial(
    record(
        "A header of a message: its value as text or in base64, null for none.",
        name=TEXT,
        value=nullable(TEXT),
        value_base64=BASE64,
    ),
    "value",
    "value_base64",
)
# What `include=value` adds.
_BYTES: dict[str, Shape] = {
    "value_withheld": {**YES_OR_NO, "description": "True: the caller may not see them."},
    "headers": listed(named("LetterHeader")),
    "key": {**nullable(TEXT), "description": "Where it is UTF-8; null: none."},
    "key_base64": BASE64,
    "value": {**nullable(TEXT), "description": "Where it is UTF-8; null: a tombstone."},
    "value_base64": BASE64,
}
LETTER_RECORD = record("A message set aside for people.", **_LETTER)
WHOLE_LETTER = partial(
    record(
        "A message set aside for people, with everything needed to understand it.",
        **_LETTER,
        traceback=TEXT,
        children={
            **listed(record(id=UUID, state=_STATE, created_at=MOMENT, result=TEXT)),
            "description": "The letters that redriving it, edited or not, led to.",
        },
        **_BYTES,
    ),
    *_BYTES,
)
LETTER_ID = path_parameter("letter_id", "The id of the letter.", UUID)
_GROUP = query_parameter("group", "Only of this group.")
_TOPIC = query_parameter("topic", "Only of this topic.")

LETTERS = Operation(
    id="dead_letters",
    tag="Reading",
    summary="Dead letters, newest first",
    description=PAGES,
    parameters=[
        _GROUP,
        _TOPIC,
        query_parameter("exception", "Only of this exception, by its full name."),
        query_parameter("handler", "Only of this handler."),
        query_parameter("type", "Only of this event type."),
        query_parameter("state", "Only in this state.", one_of(*DeadLetter.State.values)),
        query_parameter("created_from", "Set aside then or later.", TIME),
        query_parameter("created_before", "Set aside earlier.", TIME),
        *PAGING,
    ],
    answers=[
        Answer(
            status=200,
            description="A page.",
            shape=record(dead_letters=listed(named("DeadLetter")), next=nullable(TEXT)),
        )
    ],
)
LETTER_SUMMARY = Operation(
    id="dead_letter_summary",
    tag="Reading",
    summary="The open dead letters, counted by group, exception and handler",
    parameters=[_GROUP, _TOPIC],
    answers=[
        Answer(
            status=200,
            description="Most letters first.",
            shape=record(
                kinds=listed(
                    record(
                        "The open letters of one group that failed alike.",
                        group=TEXT,
                        exception=TEXT,
                        handler=TEXT,
                        count=WHOLE,
                        oldest=MOMENT,
                        newest=MOMENT,
                        example={**UUID, "description": "The newest of them."},
                        error={**TEXT, "description": "The example's."},
                    )
                ),
                is_exact={
                    **YES_OR_NO,
                    "description": "False: only the newest 10,000 open letters were counted.",
                },
            ),
        )
    ],
)
LETTER = Operation(
    id="dead_letter",
    tag="Reading",
    summary="A dead letter: what went wrong, where, and what became of it",
    parameters=[
        LETTER_ID,
        query_parameter(
            "include",
            "Adds key, headers and value, for callers who may see them.",
            one_of("value"),
        ),
    ],
    answers=[Answer(status=200, description="The letter.", shape=named("WholeDeadLetter"))],
    problems=[kinds.NOT_FOUND],
)
