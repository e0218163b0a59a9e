"""Discarding: a person says no to dead letters, for good; a later seek does not run them."""

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from events.models import ClosedKey, DeadLetter
from events.models.dead_letter import DeadLetterQuerySet
from events.operating.key_release import closed_by
from events.operating.letter_selection import LetterSelection, record_filtered
from events.operating.letter_verdicts import LOOKED_AT, Candidate, candidates, not_open
from events.operating.operator import Operator
from events.sql import run

ACTION = "discard"
State = DeadLetter.State
DISCARDABLE = (State.OPEN, State.HELD)

# Locked first: a consumer that runs a letter holds the row when it comes to the letter.
_LOCK_LEDGER = """
    SELECT FROM events_consumption AS done
    JOIN events_deadletter AS letter
      ON done."group" = letter."group" AND done.dedupe_key = letter.dedupe_key
    WHERE letter.id = ANY(%(letters)s) AND letter.dedupe_key <> ''
      AND done.generation = letter.generation
    ORDER BY done.dedupe_key, done."group"
    FOR UPDATE OF done
"""

# What never ran has no ledger row yet.
_CLOSE_LEDGER = """
    INSERT INTO events_consumption (
        "group", dedupe_key, generation, event_id, source, ce_id, value_sha256, topic, partition,
        "offset", handler, outcome, attempts, host, effect_reference, unknown_count, first_at,
        finished_at, error)
    SELECT "group", dedupe_key, generation, event_id, source, ce_id, sha256(value), topic,
           partition, "offset", handler, 'dead_lettered', attempts, '', '', 0, now(), now(),
           %(error)s
    FROM events_deadletter
    WHERE id = ANY(%(letters)s) AND dedupe_key <> ''
    ORDER BY dedupe_key
    ON CONFLICT ("group", dedupe_key, generation) DO NOTHING
"""

# What failed and still had a turn, because its key is closed, has none any more.
_END_TURNS = """
    UPDATE events_consumption AS done
    SET outcome = 'dead_lettered', next_attempt_at = NULL, lease_token = NULL,
        lease_expires_at = NULL, finished_at = now()
    FROM events_deadletter AS letter
    WHERE letter.id = ANY(%(letters)s) AND letter.dedupe_key <> ''
      AND done."group" = letter."group" AND done.dedupe_key = letter.dedupe_key
      AND done.generation = letter.generation AND done.outcome IN ('quarantined', 'retrying')
      AND (done.topic, done.partition, done."offset")
        = (letter.topic, letter.partition, letter."offset")
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Discarded:
    """What was discarded, or would be; `left` says what was not, each with the reason.

    `closed_keys` counts the keys that discarded letters had closed: they stay closed, and hold
    what follows, until they are released.
    """

    count: int
    left: tuple[str, ...]
    closed_keys: int = 0
    by_exception: dict[str, int] = field(default_factory=dict)
    letters: tuple[UUID, ...] = ()


class Discarding:
    """Open and held letters become `discarded`: nobody runs them any more.

    A held letter is discarded only if it is named, or its key is in the filter: it never failed,
    and who filters letters by group or topic means what failed. Its ledger row says dead_lettered,
    so that a later seek does not run it.
    """

    def __init__(self, selection: LetterSelection) -> None:
        self._selection = selection

    def preview(self) -> Discarded:
        """Return what would be discarded now; changes nothing."""
        found = candidates(self._rows().values_list(*LOOKED_AT)[: self._selection.limit])
        keys = ClosedKey.objects.filter(head__in=[each.id for each in found])
        return self._sorted(found, heads=set(keys.values_list("head", flat=True)))

    def carry_out(self, *, by: Operator) -> Discarded:
        """Discard them in one transaction with its operator actions.

        Named letters get an action each; a filter is one action. Raises what the database raises:
        then nothing was done.
        """
        with transaction.atomic():
            ids = list(self._rows().values_list("pk", flat=True)[: self._selection.limit])
            run(_LOCK_LEDGER, {"letters": ids})
            keys = closed_by(ids)
            locked = DeadLetter.objects.filter(pk__in=ids).order_by("pk").select_for_update()
            result = self._sorted(candidates(locked.values_list(*LOOKED_AT)), heads=keys)
            self._discard(result.letters, by=by)
            self._record(result, by=by)
        return result

    def _rows(self) -> DeadLetterQuerySet:
        selection, rows = self._selection, self._selection.chosen()
        if selection.is_by_name:
            return rows
        return rows.filter(state__in=DISCARDABLE) if selection.key is not None else rows.open()

    def _discard(self, letters: tuple[UUID, ...], *, by: Operator) -> None:
        error = f"discarded by {by.name}: {by.reason}"
        held = DeadLetter.objects.filter(pk__in=letters, state=State.HELD)
        never_run = list(held.values_list("pk", flat=True))
        run(_CLOSE_LEDGER, {"letters": never_run, "error": error})
        run(_END_TURNS, {"letters": list(letters)})
        DeadLetter.objects.filter(pk__in=letters).update(
            state=State.DISCARDED, reason=by.reason, changed_at=Now()
        )

    def _sorted(self, found: Iterable[Candidate], *, heads: Container[UUID]) -> Discarded:
        found = list(found)
        chosen = [each for each in found if each.state in DISCARDABLE]
        named = self._selection.ids
        known = {each.id for each in found}
        return Discarded(
            count=len(chosen),
            left=(
                *(not_open(each) for each in found if named and each.state not in DISCARDABLE),
                *(f"{each}: there is no such letter" for each in named if each not in known),
            ),
            closed_keys=sum(each.id in heads for each in chosen),
            by_exception=dict(Counter(each.exception for each in chosen)),
            letters=tuple(each.id for each in chosen),
        )

    def _record(self, result: Discarded, *, by: Operator) -> None:
        if self._selection.is_by_name:
            for each in result.letters:
                by.record(ACTION, target_type="dead_letter", target_id=each, details={})
        elif result.letters:
            record_filtered(
                ACTION,
                selection=self._selection,
                letters=result.letters,
                by=by,
                closed_keys=result.closed_keys,
            )
