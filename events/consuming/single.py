"""Single: one message run by itself, as its effect wants it; for what comes back as a letter."""

from dataclasses import dataclass

from events.consuming.alone import Alone
from events.consuming.dedupe import Mark, Memory
from events.consuming.delivery import Delivery
from events.consuming.external import External
from events.consuming.retrying import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Single:
    """Runs database effects by `alone`, the others by `external`. One thread."""

    alone: Alone
    external: External
    dedupe: Memory

    def run(self, delivery: Delivery) -> Outcome:
        """Do one attempt, and have Redis remember it if the key is done.

        The outcome of a message that was not begun (its partition is to be left) waits for 0 s.
        """
        if delivery.subscription.effect == "external":
            outcome = self._external(delivery)
        else:
            outcome = self.alone.run(delivery)
        if outcome.done_by is not None:
            self.dedupe.mark([mark_of(delivery, done_by=outcome.done_by)])
        return outcome

    def _external(self, delivery: Delivery) -> Outcome:
        outcomes = [Outcome(delay_s=0.0)]
        self.external.run([delivery], lambda _, outcome: outcomes.append(outcome))
        return outcomes[-1]


def mark_of(delivery: Delivery, *, done_by: str) -> Mark:
    """Return what Redis shall remember of a key that is done, by the event of this imprint."""
    ttl_s = delivery.route.ttl_s
    return Mark(dedupe_key=delivery.dedupe_key, event=done_by, ttl_s=ttl_s)
