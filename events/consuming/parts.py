"""Parts: what runs messages, put together alike for a group's consumers and for its replays."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from events.conf import Waybill
from events.consuming.alone import Alone
from events.consuming.chunk import DatabaseChunk
from events.consuming.claims import Claims
from events.consuming.closed_keys import ClosedKeys
from events.consuming.decoding import Decoder
from events.consuming.dedupe import Memory
from events.consuming.external import External
from events.consuming.failures import Failures
from events.consuming.in_hand import InHandNotes
from events.consuming.inbox import Beside, Inbox
from events.consuming.leases import Leases
from events.consuming.ledger import Ledger
from events.consuming.progress import Progress
from events.consuming.rates import Allowance
from events.consuming.retrying import Retrying
from events.consuming.single import Single
from events.consuming.storms import Lookout
from events.consuming.subscriptions import Subscription


@dataclass(kw_only=True)
class Parts:
    """Of one group, for one thread that runs its handlers."""

    group: str
    declared: Sequence[Subscription]
    settings: Waybill
    progress: Progress
    leases: Leases
    closed_keys: ClosedKeys
    storms: Lookout

    @cached_property
    def retrying(self) -> Retrying:
        """What runs units of work through outages."""
        return Retrying(stop=self.progress.stop, probe_every_s=self.settings.probe_interval_s)

    @cached_property
    def decoder(self) -> Decoder:
        """What finds the subscription of a message."""
        return Decoder(self.declared, settings=self.settings)

    def single(self, *, ledger: Ledger, dedupe: Memory) -> Single:
        """Return what runs one message by itself, on the rows of `ledger`."""
        settings, progress = self.settings, self.progress
        failures = Failures(closed_keys=self.closed_keys, storms=self.storms)
        return Single(
            alone=Alone(
                ledger=ledger,
                progress=progress,
                retrying=self.retrying,
                failures=failures,
                service_retry_s=settings.probe_interval_s,
            ),
            external=External(
                ledger=ledger,
                claims=Claims(
                    ledger=ledger,
                    leases=self.leases,
                    closed_keys=self.closed_keys,
                    lease_s=settings.lease_s,
                ),
                progress=progress,
                retrying=self.retrying,
                failures=failures,
                closed_keys=self.closed_keys,
                lease_s=settings.lease_s,
                deadline_s=self.deadline_s,
                service_retry_s=settings.probe_interval_s,
            ),
            dedupe=dedupe,
        )

    def inbox(
        self,
        *,
        ledger: Ledger,
        dedupe: Memory,
        single: Single,
        in_hand: InHandNotes,
        errands: Beside,
        rates: Allowance,
    ) -> Inbox:
        """Return what applies many messages at once."""
        return Inbox(
            group=self.group,
            settings=self.settings,
            decoder=self.decoder,
            dedupe=dedupe,
            in_hand=in_hand,
            chunk=DatabaseChunk(
                ledger=ledger,
                in_hand=in_hand,
                progress=self.progress,
                work_s=self.settings.chunk_work_s,
            ),
            single=single,
            closed_keys=self.closed_keys,
            errands=errands,
            storms=self.storms,
            rates=rates,
            retrying=self.retrying,
            progress=self.progress,
        )

    @property
    def deadline_s(self) -> float:
        """The longest for which a handler may run."""
        own = [each.deadline_s for each in self.declared if each.deadline_s is not None]
        return max(own, default=self.settings.handler_deadline_s)
