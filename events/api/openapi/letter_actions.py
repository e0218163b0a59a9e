"""What is done to dead letters, described."""

from events.api.openapi.letters import BASE64, LETTER_ID
from events.api.openapi.operating import (
    DRY_RUN,
    IDEMPOTENCY_KEY,
    IS_DRY_RUN,
    OPERATING,
    OPERATING_PROBLEMS,
    REASON,
    REPLAYED,
)
from events.api.openapi.operation import Answer, Operation, json_body
from events.api.openapi.paging import TIME
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
    optional,
    partial,
    record,
    text,
)
from events.api.operating.letter_filter import MOST
from events.api.operating.refused import EDIT_REFUSED, LETTER_NOT_OPEN, REDRIVE_REFUSED

_FILLED = nullable(text(255, least=1))
_FILTER: dict[str, Shape] = {
    "group": _FILLED,
    "topic": _FILLED,
    "exception": _FILLED,
    "handler": _FILLED,
    "type": _FILLED,
    "key": {**nullable(TEXT), "description": "As text."},
    "key_base64": nullable(BASE64),
    "created_from": {**nullable(TIME), "description": "Set aside then or later."},
    "created_before": {**nullable(TIME), "description": "Set aside earlier."},
    "limit": {
        **nullable({**WHOLE, "minimum": 1, "maximum": MOST}),
        "description": "At most so many, the oldest first.",
    },
    "reason": REASON,
    "dry_run": DRY_RUN,
}
_FILTERED = json_body(
    optional(record("At least one filter; letters of topics out of reach stay.", **_FILTER))
)
_COUNTS: Shape = {"type": "object", "additionalProperties": WHOLE}
_LEFT: Shape = {**listed(TEXT), "description": "What was not, and why."}
_IS_CUT = {**YES_OR_NO, "description": "True: the limit was reached; ask again."}
_MESSAGE = partial(
    record(headers=listed(named("LetterHeader")), value=nullable(TEXT), value_base64=BASE64),
    "value",
    "value_base64",
)
_REDRIVEN = record(
    dry_run=IS_DRY_RUN,
    id=UUID,
    redrives={**UUID, "description": "The letter that goes back: this one, or the edited one."},
    released_key={**YES_OR_NO, "description": "It had closed its key, which is released."},
    links=record(self=TEXT),
)
_EDIT = record(
    "What an edit would change; with problems it would be refused.",
    dry_run=IS_DRY_RUN,
    id=UUID,
    dedupe_key=TEXT,
    before=_MESSAGE,
    after=_MESSAGE,
    problems=listed(TEXT),
)
_ALL_REDRIVEN = record(
    dry_run=IS_DRY_RUN,
    count=WHOLE,
    released_keys={**WHOLE, "description": "Letters that had closed their key: it is released."},
    by_exception=_COUNTS,
    groups={**listed(TEXT), "description": "That have to run them."},
    left=_LEFT,
    is_cut=_IS_CUT,
)
_ALL_DISCARDED = record(
    dry_run=IS_DRY_RUN,
    count=WHOLE,
    closed_keys={**WHOLE, "description": "Keys that stay closed until they are released."},
    by_exception=_COUNTS,
    left=_LEFT,
    is_cut=_IS_CUT,
)

REDRIVE = Operation(
    id="redrive",
    tag=OPERATING,
    summary="Hand a dead letter back to its group, edited or as it is",
    description=(
        "The group runs it on the ledger row it failed on, so no effect is repeated. An edited "
        "message becomes a letter of its own; to edit needs the right `values`, too. The dedupe "
        "key must stay."
    ),
    parameters=[LETTER_ID, IDEMPOTENCY_KEY],
    body=json_body(
        optional(
            record(
                value={**ANYTHING, "description": "Any JSON; its exact bytes are the value."},
                value_base64={
                    **nullable(BASE64),
                    "description": "The value, where it is no JSON; null: a tombstone.",
                },
                headers={
                    **nullable(listed(named("LetterHeader"))),
                    "description": "All of them, in order.",
                },
                reason=REASON,
                dry_run=DRY_RUN,
            )
        )
    ),
    answers=[
        Answer(
            status=200,
            description="Looked at.",
            shape={"oneOf": [_REDRIVEN, _EDIT]},
            headers=REPLAYED,
        ),
        Answer(status=202, description="On its way.", shape=_REDRIVEN, headers=REPLAYED),
    ],
    problems=[*OPERATING_PROBLEMS, LETTER_NOT_OPEN, REDRIVE_REFUSED, EDIT_REFUSED],
)
REDRIVE_FILTERED = Operation(
    id="redrive_filtered",
    tag=OPERATING,
    summary="Hand open dead letters back, by what they have in common",
    parameters=[IDEMPOTENCY_KEY],
    body=_FILTERED,
    answers=[
        Answer(status=200, description="Looked at.", shape=_ALL_REDRIVEN, headers=REPLAYED),
        Answer(status=202, description="On their way.", shape=_ALL_REDRIVEN, headers=REPLAYED),
    ],
    problems=OPERATING_PROBLEMS,
)
DISCARD = Operation(
    id="discard",
    tag=OPERATING,
    summary="Say no to a dead letter, for good",
    description="Open letters, and held ones: the ledger says dead_lettered, no seek runs it.",
    parameters=[LETTER_ID, IDEMPOTENCY_KEY],
    body=json_body(optional(record(reason=REASON, dry_run=DRY_RUN))),
    answers=[
        Answer(
            status=200,
            description="Discarded, or looked at.",
            shape=record(
                dry_run=IS_DRY_RUN,
                id=UUID,
                leaves_key_closed={
                    **YES_OR_NO,
                    "description": "It had closed its key, which stays closed.",
                },
                links=record(self=TEXT),
            ),
            headers=REPLAYED,
        )
    ],
    problems=[*OPERATING_PROBLEMS, LETTER_NOT_OPEN],
)
DISCARD_FILTERED = Operation(
    id="discard_filtered",
    tag=OPERATING,
    summary="Say no to dead letters, by what they have in common",
    description="Open ones; with a key among the filters the held ones of it as well.",
    parameters=[IDEMPOTENCY_KEY],
    body=_FILTERED,
    answers=[
        Answer(
            status=200,
            description="Discarded, or looked at.",
            shape=_ALL_DISCARDED,
            headers=REPLAYED,
        )
    ],
    problems=OPERATING_PROBLEMS,
)
