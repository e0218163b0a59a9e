"""Assembly: puts the parts of one group's consumer together and runs it to its exit code."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from events.conf import Waybill
from events.consuming.closed_keys import ClosedKeys
from events.consuming.consumer import GroupConsumer, HandlerHung, StopFlag, Until
from events.consuming.dedupe import DedupeCache, Nothing
from events.consuming.desk import Desk
from events.consuming.errands import Errands
from events.consuming.exchange import Exchange
from events.consuming.generations import Generations
from events.consuming.in_hand import InHandNotes
from events.consuming.keeper import Keeper
from events.consuming.leases import Leases
from events.consuming.ledger import Ledger
from events.consuming.letters import Letters
from events.consuming.parts import Parts
from events.consuming.progress import Progress
from events.consuming.rates import Rates
from events.consuming.single import Single
from events.consuming.storms import Storms
from events.consuming.subscriptions import subscriptions
from events.consuming.worker import Worker
from events.kafka.consumer import KafkaConsumer
from events.kafka.facts import KafkaFacts
from events.kafka.record import Partition
from events.observing.heartbeat import Heart

logger = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_HUNG = 2
SOON_S = 0.02
# An idle process ends within two seconds of being told to, whatever is away.
KEEPER_BUDGET_S = 0.5
CLOSE_BUDGET_S = 1.0


@dataclass(kw_only=True)
class ConsumerProcess:
    """One member of `group`, ready to run in the main thread.

    `overrides` are librdkafka settings, for tests.
    """

    group: str
    settings: Waybill
    until: Until = field(default_factory=Until)
    from_beginning: bool = False
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._declared = tuple(subscriptions(self.group))
        self._topics = sorted({each.topic for each in self._declared})
        self._progress = Progress()
        self._exchange = Exchange()
        self._leases = Leases(lease_s=self.settings.lease_s)
        self._worker = self._make_worker()

    def run(self, stop: StopFlag) -> int:
        """Consume until told to stop; returns the exit code (0 well, 1 failed, 2 a handler hung).

        With any other code than 0 the process must end at once, without running what hangs in it.
        """
        self._kafka = KafkaConsumer(
            group=self.group,
            topics=self._topics,
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            from_beginning=self.from_beginning,
            report_end=self.until.idle,
            overrides=self.overrides,
        )
        self.consumer = GroupConsumer(
            kafka=self._kafka,
            worker=self._worker,
            progress=self._progress,
            exchange=self._exchange,
            topics=self._topics,
            settings=self.settings,
            until=self.until,
        )
        keeper = self._keeper()
        keeper.start()
        code = self._consume(stop)
        keeper.stop(timeout_s=KEEPER_BUDGET_S)
        if not self._kafka.close(timeout_s=CLOSE_BUDGET_S):
            # Nothing is lost by it: all is committed that Kafka took, and the rest comes again.
            logger.warning("Kafka does not answer; ending without its word that we left the group")
        logger.info("Stopped consuming", extra={"group": self.group, "done": self.consumer.done})
        return code

    def _consume(self, stop: StopFlag) -> int:
        who = {"group": self.group, "topics": self._topics, "pid": os.getpid()}
        logger.info("Consuming", extra=who)
        try:
            self.consumer.run(stop)
        except HandlerHung:
            logger.exception("Ending the process: the message comes again")
            return EXIT_HUNG
        except Exception:
            logger.exception("Ending the process; a restart goes on from the committed offsets")
            return EXIT_FAILED
        return EXIT_OK

    def _on_assign(self, partitions: frozenset[Partition]) -> frozenset[Partition]:
        return self.consumer.on_assign(partitions)

    def _on_revoke(self, partitions: frozenset[Partition], lost: bool) -> None:
        self.consumer.on_revoke(partitions, lost=lost)

    def _parts(self) -> Parts:
        settings = self.settings
        return Parts(
            group=self.group,
            declared=self._declared,
            settings=settings,
            progress=self._progress,
            leases=self._leases,
            closed_keys=ClosedKeys(
                group=self.group,
                most=settings.closed_keys,
                key_bytes=settings.limits.key_bytes,
            ),
            storms=Storms(
                group=self.group,
                most=settings.storm_letters,
                window_s=settings.storm_window_s,
                progress=self._progress,
            ),
        )

    def _make_worker(self) -> Worker:
        settings, progress, parts = self.settings, self._progress, self._parts()
        ledger = Ledger(group=self.group)
        dedupe = DedupeCache(
            group=self.group, alias=settings.dedupe_cache, retry_s=settings.dedupe_retry_s
        )
        single = parts.single(ledger=ledger, dedupe=dedupe)
        rates = Rates(shares=lambda: progress.shares)
        errands = Errands(
            group=self.group,
            letters=Letters(group=self.group),
            closed_keys=parts.closed_keys,
            decoder=parts.decoder,
            run_one=Generations(live=single, of_replay=partial(self._of_replay, parts)).run,
            progress=progress,
            retrying=parts.retrying,
            rates=rates,
            storms=parts.storms,
            # Whoever waits for the end of all work waits for a look, too.
            every_s=SOON_S if self.until.idle else settings.control_interval_s,
        )
        inbox = parts.inbox(
            ledger=ledger,
            dedupe=dedupe,
            single=single,
            in_hand=InHandNotes(group=self.group),
            errands=errands,
            rates=rates,
        )
        return Worker(inbox=inbox, errands=errands, progress=progress)

    def _of_replay(self, parts: Parts, replay: UUID) -> Single:
        ledger = Ledger(group=self.group, generation=replay, replay=replay)
        return parts.single(ledger=ledger, dedupe=Nothing())

    def _keeper(self) -> Keeper:
        return Keeper(
            leases=self._leases,
            heart=Heart(role="consumer", name=self.group),
            desk=Desk(
                group=self.group,
                topics=self._topics,
                settings=self.settings,
                facts=KafkaFacts(tell=self._progress.look_now.set),
                exchange=self._exchange,
            ),
            exchange=self._exchange,
            every_s=min(self.settings.lease_renew_s, self.settings.heartbeat_interval_s),
            look_every_s=self.settings.control_interval_s,
            look_now=self._progress.look_now,
            assignment=lambda: [f"{t}:{p}" for t, p in sorted(self._kafka.assignment)],
            progress_count=lambda: self.consumer.done,
        )
