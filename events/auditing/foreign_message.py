"""A foreign message: one that was not published here, and what became of it."""

from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from events.auditing import timeline
from events.auditing.action_targets import actions_on, targets_of
from events.auditing.entries import Entry
from events.auditing.finding import Found, find
from events.auditing.handling import LIMIT, Handling, handling_by
from events.event import Position
from events.models import OperatorAction


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignMessage:
    """What the groups wrote down about a message without an event, told like a waybill.

    `is_complete` is False if rows were left out.
    """

    position: Position
    source: str
    ce_id: str
    handling: Handling
    actions: tuple[OperatorAction, ...]
    timeline: tuple[Entry, ...]
    is_complete: bool


def foreign_message(found: Found) -> ForeignMessage | None:
    """Return the message that was found; None unless it is one alone, without an event.

    Four or five queries, by index: who found one row of a message is told of all of them.
    """
    positions = {match.position for match in found.matches}
    position = positions.pop() if len(positions) == 1 else None
    if position is None:
        return None
    name = str(position)
    everything = found if found.text == name else find(name, topics=[position.topic])
    rows = [match for match in everything.matches if match.position == position]
    handling = handling_by(
        letters=[UUID(row.id) for row in rows if row.type == "dead_letter"],
        consumptions=[int(row.id) for row in rows if row.type == "consumption"],
    )
    if handling.is_empty:
        return None  # pruned meanwhile
    actions = actions_on(targets_of(handling))
    source, ce_id = _name(handling)
    return ForeignMessage(
        position=position,
        source=source,
        ce_id=ce_id,
        handling=handling,
        actions=actions,
        timeline=timeline.in_order(chain(handling.entries(), timeline.of_actions(actions))),
        is_complete=handling.is_complete and not everything.is_cut and len(actions) < LIMIT,
    )


def _name(handling: Handling) -> tuple[str, str]:
    """Return source and CloudEvents id; both empty where nobody could decode them."""
    consumptions = ((row.source, row.ce_id) for row in handling.consumptions)
    letters = ((row.source, row.ce_id) for row in handling.dead_letters)
    return next((name for name in chain(consumptions, letters) if name[0]), ("", ""))
