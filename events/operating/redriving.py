"""Redriving: dead letters go back to their group, which runs them on their own ledger rows."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from events.consuming.subscriptions import subscriptions
from events.models import ClosedKey, DeadLetter
from events.operating.key_release import closed_by, release
from events.operating.letter_selection import LetterSelection, record_filtered
from events.operating.letter_verdicts import (
    LOOKED_AT,
    Candidate,
    candidates,
    not_open,
    unsubscribed,
)
from events.operating.operator import Operator

ACTION = "redrive"
CHUNK = 500
State = DeadLetter.State


@dataclass(frozen=True, kw_only=True, slots=True)
class Redriven:
    """What was handed back, or would be.

    `letters` (`count`) are on their way to their group. `heads` are letters that had closed their
    key: it was released instead (`released_keys`), and they run first of what it holds. `left`
    says what was not handed back, each with the reason; `groups` have to run the rest.
    """

    letters: tuple[UUID, ...] = ()
    count: int = 0
    released_keys: int = 0
    left: tuple[str, ...] = ()
    by_exception: dict[str, int] = field(default_factory=dict)
    heads: tuple[UUID, ...] = ()
    groups: tuple[str, ...] = ()

    def __add__(self, other: "Redriven") -> "Redriven":
        return Redriven(
            letters=self.letters + other.letters,
            count=self.count + other.count,
            released_keys=self.released_keys + other.released_keys,
            left=self.left + other.left,
            by_exception=dict(Counter(self.by_exception) + Counter(other.by_exception)),
            heads=self.heads + other.heads,
            groups=tuple(sorted({*self.groups, *other.groups})),
        )


Tell = Callable[[Redriven], None]


class Redriving:
    """Open letters back to their group: they become `redriving`.

    The consumer that owns their partition runs them through the inbox, on the ledger row they
    failed on, so no effect is repeated; it notices within `control_interval_s`, one that starts
    later at its start. A letter that closed its key releases it, so it runs before its followers.

    Left where they are: letters of topics the group no longer subscribes to, and of the named ones
    those that are not open, each with the reason.
    """

    def __init__(
        self,
        selection: LetterSelection,
        *,
        rate: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; `rate` is letters a second for `run`. Raises ValueError unless it is > 0."""
        if rate is not None and not rate > 0:
            raise ValueError("the rate must be greater than 0")
        self._selection = selection
        self._rate = rate
        self._chunk = CHUNK if rate is None else max(1, min(CHUNK, int(rate)))
        self._clock = clock

    def preview(self) -> Redriven:
        """Return what would be handed back now; changes nothing."""
        found = candidates(self._rows(limit=self._selection.limit))
        keys = ClosedKey.objects.filter(head__in=[each.id for each in found])
        heads = set(keys.values_list("head", flat=True))
        return self._sorted(found, heads=heads) + self._missing()

    def carry_out(self, *, by: Operator) -> Redriven:
        """Hand all of them back in one transaction with its operator actions.

        Named letters get an action each; a filter is one action. Raises what the database raises:
        then nothing was done.
        """
        with transaction.atomic():
            rows = self._rows(limit=self._selection.limit)
            return self._hand_back(candidates(rows), by=by) + self._missing()

    def run(self, stop: threading.Event, *, by: Operator, tell: Tell | None = None) -> Redriven:
        """Hand them back chunk by chunk, until all is done or `stop` is set.

        Each chunk is a transaction with its operator actions: a run that is killed has done, and
        audited, whole chunks; called again, it goes on with what is still open. Letters that were
        set aside since it began are no part of it. `tell` hears the sum after each chunk.
        """
        self._selection = self._selection.until_now()
        total, after, to_do = self._missing(), None, self._selection.limit
        while not stop.is_set():
            began = self._clock()
            size = self._chunk if to_do is None else min(self._chunk, to_do)
            with transaction.atomic():
                chunk = candidates(self._rows(after=after, limit=size))
                total += self._hand_back(chunk, by=by)
            if len(chunk) < size or size == to_do:
                break
            after, to_do = chunk[-1].id, None if to_do is None else to_do - size
            if tell:
                tell(total)
            if self._rate is not None:
                stop.wait(max(0.0, len(chunk) / self._rate - (self._clock() - began)))
        return total

    def _rows(
        self, *, limit: int | None, after: UUID | None = None
    ) -> QuerySet[DeadLetter, tuple[Any, ...]]:
        rows = self._selection.chosen()
        if not self._selection.is_by_name:
            rows = rows.open()
        if after is not None:
            rows = rows.filter(pk__gt=after)
        return rows.values_list(*LOOKED_AT)[:limit]

    def _missing(self) -> Redriven:
        ids = self._selection.ids
        known = set(self._selection.chosen().values_list("pk", flat=True)) if ids else set()
        return Redriven(
            left=tuple(f"{each}: there is no such letter" for each in ids if each not in known)
        )

    def _hand_back(self, found: Sequence[Candidate], *, by: Operator) -> Redriven:
        ids = [each.id for each in found]
        keys = closed_by(ids)
        # Looked at again once they are locked: another may have dealt with them.
        locked = DeadLetter.objects.filter(pk__in=ids).order_by("pk").select_for_update()
        result = self._sorted(candidates(locked.values_list(*LOOKED_AT)), heads=keys)
        DeadLetter.objects.filter(pk__in=result.letters).update(
            state=State.REDRIVING, reason=by.reason, changed_at=Now()
        )
        release((keys[each] for each in result.heads), reason=by.reason)
        self._record(result, keys=keys, by=by)
        return result

    def _sorted(self, found: Iterable[Candidate], *, heads: Container[UUID]) -> Redriven:
        taken = {(each.group, each.topic) for each in subscriptions()}
        is_by_name = self._selection.is_by_name
        still_open = [each for each in found if each.state == State.OPEN]
        back = [each for each in still_open if (each.group, each.topic) in taken]
        gone = [each for each in still_open if (each.group, each.topic) not in taken]
        others = [not_open(each) for each in found if is_by_name and each.state != State.OPEN]
        letters = tuple(each.id for each in back if each.id not in heads)
        return Redriven(
            letters=letters,
            count=len(letters),
            released_keys=len(back) - len(letters),
            left=(*others, *unsubscribed(gone, is_by_name=is_by_name)),
            by_exception=dict(Counter(each.exception for each in back)),
            heads=tuple(each.id for each in back if each.id in heads),
            groups=tuple(sorted({each.group for each in back})),
        )

    def _record(self, result: Redriven, *, keys: Mapping[UUID, ClosedKey], by: Operator) -> None:
        if self._selection.is_by_name:
            for each in (*result.letters, *result.heads):
                details = {"released_key": str(keys[each].pk)} if each in keys else {}
                by.record(ACTION, target_type="dead_letter", target_id=each, details=details)
        elif done := sorted((*result.letters, *result.heads)):
            record_filtered(
                ACTION,
                selection=self._selection,
                letters=done,
                by=by,
                released_keys=result.released_keys,
            )
