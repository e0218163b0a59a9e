"""Assembly: puts the parts of one group's consumer together and runs it to its exit code."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from events.conf import Waybill
from events.consuming.alone import Alone
from events.consuming.chunk import DatabaseChunk
from events.consuming.claims import Claims
from events.consuming.closed_keys import ClosedKeys
from events.consuming.consumer import GroupConsumer, HandlerHung, StopFlag, Until
from events.consuming.decoding import Decoder
from events.consuming.dedupe import DedupeCache
from events.consuming.desk import Desk
from events.consuming.errands import Errands
from events.consuming.exchange import Exchange
from events.consuming.external import External
from events.consuming.failures import Failures
from events.consuming.in_hand import InHandNotes
from events.consuming.inbox import Inbox
from events.consuming.keeper import Keeper
from events.consuming.leases import Leases
from events.consuming.ledger import Ledger
from events.consuming.letters import Letters
from events.consuming.progress import Progress
from events.consuming.rates import Rates
from events.consuming.retrying import Retrying
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
        self._worker = Worker(inbox=self._inbox(), progress=self._progress)

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

    def _deadline_s(self) -> float:
        own = [each.deadline_s for each in self._declared if each.deadline_s is not None]
        return max(own, default=self.settings.handler_deadline_s)

    def _inbox(self) -> Inbox:
        settings, progress = self.settings, self._progress
        retrying = Retrying(stop=progress.stop, probe_every_s=settings.probe_interval_s)
        ledger, in_hand = Ledger(group=self.group), InHandNotes(group=self.group)
        decoder = Decoder(self._declared, settings=settings)
        closed_keys = ClosedKeys(
            group=self.group, most=settings.closed_keys, key_bytes=settings.limits.key_bytes
        )
        storms = Storms(
            group=self.group,
            most=settings.storm_letters,
            window_s=settings.storm_window_s,
            progress=progress,
        )
        dedupe = DedupeCache(
            group=self.group, alias=settings.dedupe_cache, retry_s=settings.dedupe_retry_s
        )
        rates = Rates(shares=lambda: progress.shares)
        single = self._single(
            ledger, retrying, dedupe, Failures(closed_keys=closed_keys, storms=storms)
        )
        return Inbox(
            group=self.group,
            settings=settings,
            decoder=decoder,
            dedupe=dedupe,
            in_hand=in_hand,
            chunk=DatabaseChunk(
                ledger=ledger, in_hand=in_hand, progress=progress, work_s=settings.chunk_work_s
            ),
            single=single,
            closed_keys=closed_keys,
            errands=Errands(
                group=self.group,
                letters=Letters(group=self.group),
                closed_keys=closed_keys,
                decoder=decoder,
                run_one=single.run,
                progress=progress,
                retrying=retrying,
                rates=rates,
                storms=storms,
                # Whoever waits for the end of all work waits for a look, too.
                every_s=SOON_S if self.until.idle else settings.control_interval_s,
            ),
            storms=storms,
            rates=rates,
            retrying=retrying,
            progress=progress,
        )

    def _single(
        self, ledger: Ledger, retrying: Retrying, dedupe: DedupeCache, failures: Failures
    ) -> Single:
        settings, progress = self.settings, self._progress
        return Single(
            alone=Alone(
                ledger=ledger,
                progress=progress,
                retrying=retrying,
                failures=failures,
                service_retry_s=settings.probe_interval_s,
            ),
            external=External(
                ledger=ledger,
                claims=Claims(
                    ledger=ledger,
                    leases=self._leases,
                    closed_keys=failures.closed_keys,
                    lease_s=settings.lease_s,
                ),
                progress=progress,
                retrying=retrying,
                failures=failures,
                closed_keys=failures.closed_keys,
                lease_s=settings.lease_s,
                deadline_s=self._deadline_s(),
                service_retry_s=settings.probe_interval_s,
            ),
            dedupe=dedupe,
        )

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
