"""Consumptions, described."""

from events.api import problem_kinds as kinds
from events.api.openapi.operation import Answer, Operation, path_parameter, query_parameter
from events.api.openapi.paging import PAGES, PAGING, TIME
from events.api.openapi.shapes import (
    MOMENT,
    NUMBER,
    TEXT,
    UUID,
    WHOLE,
    Shape,
    listed,
    named,
    nullable,
    one_of,
    record,
)
from events.models import Attempt, Consumption

POSITION: dict[str, Shape] = {"topic": TEXT, "partition": WHOLE, "offset": WHOLE}
GENERATION: dict[str, Shape] = {
    "generation": {
        **nullable(UUID),
        "description": "The forced replay in whose ledger rows it is; null: in the group's own.",
    },
    "replay": {
        **nullable(UUID),
        "description": "The replay that ran it; of an attempt only a forced one is known.",
    },
}
_LEDGER_KEY: dict[str, Shape] = {"group": TEXT, "dedupe_key": TEXT, **GENERATION}
_CONSUMPTION: dict[str, Shape] = {
    "id": WHOLE,
    **_LEDGER_KEY,
    "event_id": {**nullable(UUID), "description": "Null: not published here."},
    "source": TEXT,
    "ce_id": TEXT,
    **POSITION,
    "handler": TEXT,
    "outcome": {
        **one_of(*Consumption.Outcome.values),
        "description": "unknown: the effect began, and nobody knows whether it happened.",
    },
    "attempts": WHOLE,
    "unknown_count": {**WHOLE, "description": "How often its effect became unknown."},
    "first_at": MOMENT,
    "finished_at": nullable(MOMENT),
    "next_attempt_at": nullable(MOMENT),
    "redriven_at": nullable(MOMENT),
    "effect_began_at": nullable(MOMENT),
    "effect_reference": {**TEXT, "description": "Of an external effect: a Message-ID, say."},
    "error": TEXT,
    "links": record(self=TEXT, waybill=nullable(TEXT)),
}
CONSUMPTION_RECORD = record("What one group did with one dedupe key.", **_CONSUMPTION)
CONSUMPTION_HISTORY = record(
    "What one group did with one dedupe key, and how it went.",
    **_CONSUMPTION,
    attempts_kept={
        **listed(named("Attempt")),
        "description": "In order; a plain first success is not kept.",
    },
    dead_letters={**listed(UUID), "description": "What its message became, oldest first."},
)
ATTEMPT_RECORD = record(
    "One run of a handler, or a skip.",
    **_LEDGER_KEY,
    **POSITION,
    handler=TEXT,
    number=WHOLE,
    started_at=MOMENT,
    duration_s=nullable(NUMBER),
    result=one_of(*Attempt.Result.values),
    error=TEXT,
)
CONSUMPTION_ID = path_parameter("consumption_id", "The id of the consumption.", WHOLE)

CONSUMPTIONS = Operation(
    id="consumptions",
    tag="Reading",
    summary="Consumptions, newest first: was order 1042 notified?",
    description=(
        f"{PAGES} `?group=invoices&dedupe_key=notification:invoices:1042` finds one by its "
        "business name."
    ),
    parameters=[
        query_parameter("group", "Only of this group."),
        query_parameter("dedupe_key", "Only this dedupe key."),
        query_parameter("event", "Only of this event, by its id.", UUID),
        query_parameter("topic", "Only of this topic."),
        query_parameter("outcome", "Only so.", one_of(*Consumption.Outcome.values)),
        query_parameter("first_from", "Begun then or later.", TIME),
        query_parameter("first_before", "Begun earlier.", TIME),
        *PAGING,
    ],
    answers=[
        Answer(
            status=200,
            description="A page.",
            shape=record(consumptions=listed(named("Consumption")), next=nullable(TEXT)),
        )
    ],
)
CONSUMPTION = Operation(
    id="consumption",
    tag="Reading",
    summary="A consumption with its attempts",
    parameters=[CONSUMPTION_ID],
    answers=[
        Answer(status=200, description="The consumption.", shape=named("ConsumptionHistory"))
    ],
    problems=[kinds.NOT_FOUND],
)
