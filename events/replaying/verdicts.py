"""Verdicts: what the ledger says about a replay's messages, before they are run and after."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from events.consuming.delivery import Delivery, Item
from events.models import ClosedKey
from events.replaying.counters import (
    DEAD_LETTERED,
    DONE,
    FAILED,
    IN_WORK,
    QUARANTINED,
    SUCCEEDED,
    UNDECODABLE,
    UNKNOWN,
)
from events.sql import columns, run

RUN = "run"  # to be given to its handler, now or when its time has come

# Only what is not plainly done comes back. Each key is a step down the unique index, whatever the
# planner thinks of the table's size.
_LOOK = """
    SELECT given.place, c.outcome, c.topic, c.partition, c."offset",
           c.replay_id = %(replay)s, c.is_left, c.is_overdue, c.has_letter, c.source, c.ce_id
    FROM unnest(%(dedupe_key)s::text[], %(source)s::text[], %(ce_id)s::text[])
         WITH ORDINALITY AS given(dedupe_key, source, ce_id, place)
    LEFT JOIN LATERAL (
        SELECT r.*, r.replay_id IS NOT NULL AND NOT EXISTS (
                   SELECT FROM events_replay p
                   WHERE p.id = r.replay_id AND p.state IN ('requested', 'running', 'paused')
               ) AS is_left,
               r.replay_id IS NULL AND coalesce(r.lease_expires_at, r.next_attempt_at)
                   < now() - make_interval(secs => %(overdue_s)s) AS is_overdue,
               CASE WHEN r.outcome IN ('started', 'retrying') THEN EXISTS (
                   SELECT FROM events_deadletter l
                   WHERE l."group" = r."group" AND l.topic = r.topic
                     AND l.partition = r.partition AND l."offset" = r."offset"
                     AND l.generation = r.generation AND l.state IN ('held', 'redriving'))
               END AS has_letter
        FROM events_consumption r
        WHERE r."group" = %(group)s AND r.dedupe_key = given.dedupe_key
          AND r.generation = %(generation)s
        LIMIT 1) c ON true
    WHERE c.id IS NULL OR c.outcome <> 'succeeded' OR c.replay_id = %(replay)s
       OR c.source <> given.source OR c.ce_id <> given.ce_id
"""
_COLUMNS = ("dedupe_key", "source", "ce_id")
_WAITING = frozenset({"started", "retrying"})
_LEFT = {"unknown": UNKNOWN, "quarantined": QUARANTINED}


class Row(NamedTuple):
    """A ledger row that says more than that the message itself was done by its group.

    `is_ours`: this replay made it. `is_left`: a replay did that is over. `is_overdue`: the group
    did, had it in work, and should long have been at it again. `has_letter`: one will bring it
    back to the group.
    """

    outcome: str | None  # None: there is no row
    topic: str
    partition: int
    offset: int
    is_ours: bool | None
    is_left: bool
    is_overdue: bool | None
    has_letter: bool | None
    source: str
    ce_id: str


class Judgement(NamedTuple):
    """A verdict for each message, and the messages whose key another event did, with its name."""

    verdicts: list[str]
    copies: list[tuple[Delivery, str]]


@dataclass(kw_only=True, slots=True)
class Verdicts:
    """Of one replay: counters' names, or RUN. The same rows lead to the same verdicts.

    That is why a replay may be killed between an effect and the note of it: what its row says
    about a message is what would have been noted.
    """

    group: str
    replay: UUID
    generation: UUID
    overdue_s: float  # no handler runs for longer

    def of(self, items: Sequence[Item]) -> Judgement:
        """Judge messages: one query, and one more if any may be run."""
        verdicts = [DONE if isinstance(item, Delivery) else UNDECODABLE for item in items]
        copies: list[tuple[Delivery, str]] = []
        asked = [place for place, verdict in enumerate(verdicts) if verdict is DONE]
        missing: list[int] = []
        for number, row in self._rows([items[place] for place in asked]):
            place = asked[number]
            item = items[place]
            verdicts[place] = self._verdict(item, row)
            if row.outcome is None:
                missing.append(place)
            elif isinstance(item, Delivery) and _is_copy(item, row):
                copies.append((item, f"{row.source}/{row.ce_id}"))
        self._leave_closed(items, verdicts, missing)
        return Judgement(verdicts, copies)

    def _rows(self, deliveries: Sequence[Any]) -> Iterator[tuple[int, Row]]:
        if not deliveries:
            return
        given = [(each.dedupe_key, each.source, each.id) for each in deliveries]
        who = {
            "group": self.group,
            "replay": self.replay,
            "generation": self.generation,
            "overdue_s": self.overdue_s,
        }
        for place, *facts in run(_LOOK, {**columns(given, _COLUMNS), **who}):
            yield place - 1, Row(*facts)

    def _verdict(self, item: Item, row: Row) -> str:
        if row.outcome is None:
            return RUN
        where = (row.topic, row.partition, row.offset)
        is_here = where == tuple(item.record.position)
        is_its_own = bool(row.is_ours) and is_here
        if row.outcome == "succeeded":
            return SUCCEEDED if is_its_own else DONE
        if row.outcome == "dead_lettered":
            return FAILED if is_its_own else DEAD_LETTERED
        if row.outcome in _WAITING:
            # The group is past this position: by a seek or a gap, it may have been.
            is_given_up = row.is_left or (is_here and row.is_overdue)
            return RUN if row.is_ours or (is_given_up and not row.has_letter) else IN_WORK
        return _LEFT[row.outcome]

    def _leave_closed(
        self, items: Sequence[Item], verdicts: list[str], missing: Sequence[int]
    ) -> None:
        """What belongs to a closed key is left to whoever opens it."""
        if not missing:
            return
        rows = ClosedKey.objects.filter(group=self.group).values_list("topic", "key")
        closed = {(topic, bytes(key)) for topic, key in rows}
        for place in missing if closed else ():
            record = items[place].record
            if (record.topic, record.key) in closed:
                verdicts[place] = QUARANTINED


def _is_copy(item: Delivery, row: Row) -> bool:
    """Whether another event did the key."""
    return row.outcome == "succeeded" and (row.source, row.ce_id) != (item.source, item.id)
