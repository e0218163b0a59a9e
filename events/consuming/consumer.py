"""Consumer: the polling thread of one group member, from fetched messages to committed offsets.

It alone touches the Kafka consumer and never waits for the database: handlers run on the worker,
the keeper renews leases and reads what people ask for. While work takes longer than `slow_work_s`
it pauses and keeps polling, so that the group goes on counting it in.
"""

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from events.conf import Waybill
from events.consuming.exchange import Exchange
from events.consuming.fetched_ahead import FetchedAhead
from events.consuming.flow import Flow
from events.consuming.offsets import Offsets
from events.consuming.positions import Positions
from events.consuming.progress import Done, Progress, Wait
from events.consuming.steering import Steering
from events.consuming.worker import Worker
from events.kafka.consumer import KafkaConsumer
from events.kafka.record import Partition

logger = logging.getLogger(__name__)

STEP_S = 0.05  # how often signals and deadlines are looked at while work is in hand
IDLE_S = 0.2  # how long a poll waits for the first message: what people ask for is seen after it
COMMIT_BUDGET_S = 3.0  # for the last commit of a process
AWAY_BUDGET_S = 0.5  # the same while Kafka does not answer


class StopFlag(Protocol):
    """What ends the loop; `threading.Event` is one."""

    def is_set(self) -> bool:
        """Whether to stop."""


class HandlerHung(Exception):
    """A handler runs past its deadline, or past the budget of a stop: the process must end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Until:
    """When to stop unasked: after so many messages, or when every partition is read to its end."""

    messages: int | None = None
    idle: bool = False


class GroupConsumer:
    """One member of a consumer group; `run` repeats `run_once`."""

    def __init__(
        self,
        *,
        kafka: KafkaConsumer,
        worker: Worker,
        progress: Progress,
        exchange: Exchange,
        topics: Collection[str],
        settings: Waybill,
        until: Until,
    ) -> None:
        self._kafka = kafka
        self._worker = worker
        self._progress = progress
        self._settings = settings
        self._until = until
        self._flow = Flow(kafka)
        self._offsets = Offsets(interval_s=settings.offset_commit_interval_s)
        self._ahead = FetchedAhead()
        self._positions = Positions()
        self._exchange = exchange
        exchange.position_of = self._positions.of
        self._steering = Steering(
            kafka=kafka,
            flow=self._flow,
            progress=progress,
            offsets=self._offsets,
            positions=self._positions,
            ahead=self._ahead,
            exchange=exchange,
            topics=topics,
            collect=self._collect,
        )
        self.done = 0

    def run(self, stop: StopFlag) -> None:
        """Consume until `stop` is set or `until` is reached, then finish what is in hand.

        Raises what came out of Kafka's client or the worker, and HandlerHung.
        """
        self._worker.start()
        while not stop.is_set() and not self._is_finished():
            self.run_once()
        self.drain()

    def run_once(self) -> None:
        """One step: collect what was done, fetch, hand over, commit offsets."""
        is_idle = self._worker.is_idle  # asked before: what it did is all reported then
        self._collect()
        self._worker.check()
        self._exchange.check()
        self._check_deadline()
        self._steering.step(is_idle=is_idle)
        if is_idle:
            self._go_on()
        else:
            self._wait_for_worker()
        self._commit_due()

    def drain(self) -> None:
        """Let the message in hand finish, then commit the offsets of what is done."""
        ended = self._worker.end(timeout_s=self._settings.stop_budget_s)
        self._collect()
        self._commit_all()
        if not ended:
            raise HandlerHung(
                f"a handler did not end within {self._settings.stop_budget_s:g} s of the stop"
            )
        self._worker.check()

    def on_assign(self, partitions: frozenset[Partition]) -> frozenset[Partition]:
        """Take on these partitions; returns those that begin paused. Called within a fetch."""
        return self._steering.arrive(partitions)

    def on_revoke(self, partitions: frozenset[Partition], *, lost: bool) -> None:
        """Leave these partitions: wait, bounded, for the unit in hand, commit what is done.

        Called by the Kafka consumer from within a fetch.
        """
        self._progress.leave(partitions)
        deadline = time.monotonic() + self._settings.revoke_budget_s
        while self._progress.is_working_on(partitions) and time.monotonic() < deadline:
            self._progress.news.wait(STEP_S)
            self._progress.news.clear()
        self._collect()
        self._ahead.drop(partitions)
        if lost:
            self._offsets.forget(partitions)
        else:
            self._kafka.commit(self._offsets.take(partitions), wait=True)
        self._flow.forget(partitions)
        self._steering.depart(partitions)
        self._worker.forget(partitions)

    def _go_on(self) -> None:
        self._flow.start_all()
        self._flow.release_due()
        if not self._ahead:
            # Who waits for the end of all work looks more often whether it is there.
            idle_s = STEP_S if self._until.idle else IDLE_S
            self._fetch(timeout_s=self._flow.next_due_s(idle_s))
            self._steering.step(is_idle=True)
        if self._ahead:
            batch = self._ahead.take()
            self._worker.give(batch)
            if not self._is_capped():
                self._fetch(timeout_s=0)

    def _wait_for_worker(self) -> None:
        self._progress.news.wait(STEP_S)
        if self._worker.busy_s() > self._settings.slow_work_s:
            self._flow.stop_all()
            self._fetch(timeout_s=0)

    def _commit_due(self) -> None:
        refused = self._kafka.commits.take_refused()
        ours = self._kafka.assignment
        self._offsets.restore({where: at for where, at in refused.items() if where in ours})
        self._kafka.commit(self._offsets.due(), wait=False)

    def _commit_all(self) -> None:
        self._kafka.commit(self._offsets.take_all(), wait=False)
        is_away = self._kafka.reachability.is_down
        self._kafka.settle_commits(timeout_s=AWAY_BUDGET_S if is_away else COMMIT_BUDGET_S)

    def _fetch(self, *, timeout_s: float) -> None:
        most = self._settings.fetch_messages
        if self._until.messages is not None:
            most = min(most, self._until.messages - self.done - len(self._ahead))
        if most > 0:
            fresh = self._kafka.fetch(most, timeout_s=timeout_s)
            self._positions.begin(fresh)
            if self._flow.closed:
                fresh = self._steering.without_left(fresh)
            self._ahead.add(fresh)

    def _is_capped(self) -> bool:
        """Whether the next batch has to wait until it is known how many messages are done."""
        return self._until.messages is not None or (self._ahead.size > self._settings.fetch_bytes)

    def _collect(self) -> None:
        for report in self._progress.collect():
            match report:
                case Done(partition=partition, next_offset=next_offset, messages=messages):
                    self.done += messages
                    if partition in self._kafka.assignment:
                        self._offsets.store(partition, next_offset)
                        self._positions.move(partition, next_offset)
                case Wait(position=position):
                    where = (position.topic, position.partition)
                    self._ahead.drop([where])
                    self._positions.move(where, position.offset)
                    self._flow.hold(report)

    def _check_deadline(self) -> None:
        deadline_s = self._progress.overdue_s()
        if deadline_s is not None:
            self._commit_all()
            raise HandlerHung(f"a handler runs for longer than {deadline_s:g} s")

    def _is_finished(self) -> bool:
        if self._until.messages is not None and self.done >= self._until.messages:
            return True
        return (
            self._until.idle
            and self._kafka.was_assigned
            and self._kafka.assignment <= self._kafka.at_end | self._steering.idle
            and self._steering.is_settled
            and self._worker.is_settled
            and not (self._ahead or self._flow.is_waiting or self._progress.has_reports)
        )
