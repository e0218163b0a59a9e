"""Republishing: stored events are written to Kafka once more, in an audited run."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from events.operating.operator import Operator
from events.operating.republish_selection import Candidate, Selection, Verdict
from events.operating.republish_storing import one_run_at_a_time, queue_again

ACTION = "republish"
CHUNK = 500
RATE = 1_000.0  # events a second: live events stand behind what was queued before them

Told = Callable[["Progress"], None]


@dataclass(kw_only=True, slots=True)
class Progress:
    """How far a run is: events looked at, and what became of them, by verdict.

    `left` names, of what was asked for by id, what was not republished, each with the reason.
    """

    seen: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)

    @property
    def republished(self) -> int:
        """How many were queued again, or would be."""
        return self.verdicts[Verdict.REPUBLISHED]


class Republishing:
    """A run over the chosen events, in the order of their acceptance, chunk by chunk.

    Each chunk is a transaction with its operator actions and the new outbox entries (cause
    `republish`, `by` whom), so a run that is killed has done, and audited, whole chunks. What it
    queued and the relay has not written yet is left out when it is run again; what was written
    meanwhile is written once more: give a later `--from` then.

    A republished event takes a new place in the queue: on Kafka it comes again after everything of
    its key. It has the same id and bytes, so groups that handled it skip it; the others see it
    late. Events of one key keep their order among themselves.

    Left out, and counted (Verdict says why): what still stands in the outbox (it will be written
    anyway; a parked one once it is unparked); events of topics that are no longer declared; events
    whose value was erased.
    """

    def __init__(
        self,
        selection: Selection,
        *,
        rate: float = RATE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a run of at most `rate` events a second; raises ValueError unless it is > 0."""
        if not rate > 0:
            raise ValueError("the rate must be greater than 0")
        self._selection = selection
        self._rate = rate
        self._chunk = max(1, min(CHUNK, int(rate)))
        self._clock = clock
        self._after: Candidate | None = None
        self._is_done = False
        self.progress = Progress()

    def preview(self) -> Progress:
        """Look at every chosen event and say what would become of it; changes nothing."""
        progress = Progress()
        after: Candidate | None = None
        while chunk := self._selection.after(after, limit=CHUNK):
            after = chunk[-1]
            self._note(progress, chunk)
        progress.left += self._selection.missing()
        return progress

    def run(self, stop: threading.Event, *, by: Operator, tell: Told | None = None) -> Progress:
        """Republish until all is done or `stop` is set; `tell` hears of each chunk.

        Raises what the database raises; the chunks before are done.
        """
        while not self._is_done and not stop.is_set():
            began = self._clock()
            looked_at = self.run_once(by=by)
            if tell and looked_at:
                tell(self.progress)
            if looked_at == self._chunk:
                stop.wait(max(0.0, looked_at / self._rate - (self._clock() - began)))
        return self.progress

    def run_once(self, *, by: Operator) -> int:
        """Republish the next chunk; returns how many events it looked at, 0 at the end."""
        with transaction.atomic():
            one_run_at_a_time()  # two of them would queue the same events twice
            chunk = self._selection.after(self._after, limit=self._chunk)
            chosen = [each for each in chunk if each.verdict is Verdict.REPUBLISHED]
            if chosen:
                queue_again(chosen, by=by.name)
                self._record(chosen, by=by)
        if chunk:
            self._after = chunk[-1]
            self._note(self.progress, chunk)
        else:
            self._is_done = True
            self.progress.left += self._selection.missing()
        return len(chunk)

    def _note(self, progress: Progress, chunk: Sequence[Candidate]) -> None:
        progress.seen += len(chunk)
        progress.verdicts.update(each.verdict for each in chunk)
        if self._selection.is_by_name:
            progress.left += (
                f"{each.event_id}: {each.verdict.value}"
                for each in chunk
                if each.verdict is not Verdict.REPUBLISHED
            )

    def _record(self, chosen: Sequence[Candidate], *, by: Operator) -> None:
        if self._selection.is_by_name:
            for each in chosen:
                by.record(ACTION, target_type="event", target_id=each.event_id, details={})
            return
        details = {
            **self._selection.told(),
            "events": len(chosen),
            "first_event": str(chosen[0].event_id),
            "last_event": str(chosen[-1].event_id),
        }
        by.record(ACTION, target_type="topic", target_id=self._selection.topic, details=details)
