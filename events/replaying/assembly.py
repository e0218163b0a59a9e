"""Assembly: puts the parts of one replay together, those of a consumer's inbox among them."""

import threading
from dataclasses import dataclass
from typing import Any

from events.conf import Waybill
from events.consuming.dedupe import DedupeCache, Memory, Nothing
from events.consuming.in_hand import InHandNotes
from events.consuming.leases import Leases
from events.consuming.ledger import Ledger
from events.consuming.parts import Parts
from events.consuming.subscriptions import subscriptions
from events.errors import Misconfigured
from events.kafka.reader import KafkaReader
from events.kafka.record import Partition
from events.models import Replay
from events.models.consumption import LIVE
from events.observing.heartbeat import Heart
from events.replaying.account import Account
from events.replaying.chosen import chosen_by
from events.replaying.engine import Engine
from events.replaying.keeper import OnHung, ReplayKeeper
from events.replaying.lanes import Lane, Lanes, place
from events.replaying.lease import Lease
from events.replaying.replay_rates import ReplayRates
from events.replaying.replay_storm import ReplayStorm
from events.replaying.stand_ins import MarkOnly, NoErrands, OpenKeys
from events.replaying.turns import Turns
from events.replaying.verdicts import Verdicts

BATCHES = 4  # of a consumer's fetches are judged at once: most of it is done already
ROLE = "replay"  # of its process among the heartbeats


@dataclass(kw_only=True)
class ReplayParts:
    """One replay, of which this process holds the lease, ready to run."""

    replay: Replay
    lease: Lease
    settings: Waybill
    stop: threading.Event
    on_hung: OnHung

    def __post_init__(self) -> None:
        settings, replay = self.settings, self.replay
        self.progress = Turns()
        self.leases = Leases(lease_s=settings.lease_s)
        self.storm = ReplayStorm(
            most=settings.storm_letters, window_s=settings.storm_window_s, turns=self.progress
        )
        self.account = Account.of(replay, token=self.lease.token)
        self.lanes = Lanes(map(self._lane, replay.plan))
        self.parts = Parts(
            group=replay.group,
            declared=tuple(subscriptions(replay.group)),
            settings=settings,
            progress=self.progress,
            leases=self.leases,
            closed_keys=OpenKeys(group=replay.group, most=0, key_bytes=0),
            storms=self.storm,
        )

    def engine(self, reader: KafkaReader) -> Engine:
        """Return what does the work, out of what `reader` reads."""
        replay, parts = self.replay, self.parts
        if not parts.declared:
            raise Misconfigured(f"no handler subscribes as group {replay.group!r} any more")
        is_forced = replay.mode == Replay.Mode.FORCE
        generation = replay.pk if is_forced else LIVE
        ledger = Ledger(group=replay.group, generation=generation, replay=replay.pk)
        dedupe = self._memory(is_forced=is_forced)
        return Engine(
            reader=reader,
            lanes=self.lanes,
            decoder=parts.decoder,
            chosen=chosen_by(replay),
            verdicts=Verdicts(
                group=replay.group,
                replay=replay.pk,
                generation=generation,
                overdue_s=parts.deadline_s,
            ),
            inbox=parts.inbox(
                ledger=ledger,
                dedupe=dedupe,
                single=parts.single(ledger=ledger, dedupe=dedupe),
                in_hand=InHandNotes(group=self.in_hand),
                errands=NoErrands(),
                rates=ReplayRates(rate=replay.rate),
            ),
            account=self.account,
            progress=self.progress,
            retrying=parts.retrying,
            from_archive=replay.from_archive,
            at_once=BATCHES * self.settings.fetch_messages,
            most_bytes=BATCHES * self.settings.fetch_bytes,
        )

    def reader(self) -> KafkaReader:
        """Return what reads the rest of the plan from Kafka."""
        ranges = {lane.where: (lane.passed, lane.to) for lane in self.lanes}
        return KafkaReader(ranges, name=f"{self.replay.group}-replay")

    def keeper(self) -> ReplayKeeper:
        """Return what keeps the lease meanwhile."""
        settings = self.settings
        return ReplayKeeper(
            lease=self.lease,
            leases=self.leases,
            progress=self.progress,
            heart=Heart(role=ROLE, name=self.replay.group),
            group=self.replay.group,
            partitions=self.partitions,
            every_s=min(settings.lease_renew_s, settings.heartbeat_interval_s),
            look_every_s=settings.control_interval_s,
            on_hung=self.on_hung,
            stop_asked=self.stop,
        )

    @property
    def partitions(self) -> frozenset[Partition]:
        """All partitions of the plan."""
        return frozenset(lane.where for lane in self.lanes)

    @property
    def in_hand(self) -> str:
        """The name under which it notes what is in hand: the living group's notes are its own."""
        return f"replay:{self.replay.pk}"

    def _lane(self, planned: dict[str, Any]) -> Lane:
        where = (str(planned["topic"]), int(planned["partition"]))
        at = self.replay.positions.get(place(where), planned["from"])
        return Lane(where=where, to=int(planned["to"]), passed=int(at))

    def _memory(self, *, is_forced: bool) -> Memory:
        if is_forced:
            return Nothing()
        settings = self.settings
        return MarkOnly(
            DedupeCache(
                group=self.replay.group,
                alias=settings.dedupe_cache,
                retry_s=settings.dedupe_retry_s,
            )
        )
