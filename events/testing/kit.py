"""The kit: publish, drain, crash, redeliver and rebalance over the real services of a test."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.core.cache import caches  # noqa: TID251 - the dedupe cache is emptied, never asked
from django.db import connection, transaction

from events.conf import Waybill, waybill
from events.consuming.subscriptions import groups as known_groups
from events.consuming.subscriptions import subscriptions
from events.errors import UnknownTopic
from events.models import Event
from events.publishing.outbox import publish
from events.testing import broker
from events.testing.crashes import Crashes
from events.testing.draining import Draining
from events.testing.life import lives_watched
from events.testing.moving import Mover, relay_url
from events.testing.rebalancing import Rebalance, rebalanced
from events.testing.refusals import KitRefused
from events.testing.report import Report
from events.testing.scratch_topics import ScratchTopics
from events.testing.steps import STEPS, watched
from events.topics import topic_named

_NO_CONFIG: Mapping[str, str] = {}


class WaybillKit:
    """What the fixture `waybill` offers to one test. Everything is called from the test's thread.

    A process of the kit is a real relay or consumer inside the test's process: handlers run in
    threads of it and share its memory, a crash ends them where they are (decision 12).
    """

    def __init__(self) -> None:
        self._crashes = Crashes()
        self._topics = ScratchTopics()
        self._published: set[str] = set()
        self._started: set[str] = set()
        self._mover = Mover(settings=self._settings(), crashes=self._crashes, topics=self._topics)
        self._forget_redis()

    def make_topic(
        self, *types: str, partitions: int = 1, config: Mapping[str, str] = _NO_CONFIG
    ) -> str:
        """Declare and create a topic that no other test uses; returns its name.

        Without `types` it carries `thing.happened`. It is forgotten at the end of the test.
        """
        return self._topics.make(*types, partitions=partitions, config=config)

    def publish(
        self,
        topic: str,
        *,
        type: str,  # noqa: A002 - CloudEvents' own name
        timeout_s: float = 30.0,
        **fields: Any,
    ) -> Event:
        """Publish one event in a transaction of its own and bring it to Kafka.

        `fields` are those of events.publishing.outbox.publish, and so are the errors. A declared
        topic that the broker does not have is created. Raises AssertionError if Kafka does not
        take the event within `timeout_s` seconds.
        """
        self._refuse_in_transaction()
        self._create(topic)
        self._published.add(topic)
        with transaction.atomic():
            event = publish(topic, type=type, **fields)
        self._mover.move_all(deadline=time.monotonic() + timeout_s)
        return event

    def drain(self, *groups: str, timeout_s: float = 30.0) -> Report:
        """Relay what was published and have the groups consume until nothing waits.

        Without names: every group that subscribes to what this test published. Ends early where a
        process died by `crash_at`; the next call goes on as its restart. Raises AssertionError
        that tells what still waits after `timeout_s` seconds, or that a crash never came.
        """
        self._refuse_in_transaction()
        chosen = self._chosen(groups)
        report = self._draining(chosen).run(timeout_s=timeout_s)
        if report.crashed_at is None:
            self.check_crashes()
        return report

    def crash_at(self, step: str, *, times: int = 1) -> None:
        """Have the next process that reaches `step` die there, as if killed; `times` in a row.

        The steps, with what each means, are events.testing.steps.STEPS. Raises KitRefused for
        another one.
        """
        if step not in STEPS:
            raise KitRefused(f"there is no step {step!r}; the steps are: {', '.join(STEPS)}")
        self._crashes.want(step, times=times)

    def redeliver(
        self, group: str, *, forget_redis: bool = False, timeout_s: float = 30.0
    ) -> Report:
        """Hand every message of this test out to the group once more, and drain.

        With `forget_redis` the dedupe cache is emptied before: the ledger decides alone. Nothing a
        correct handler did is done again: `handled` and `attempts` of the report are 0.
        """
        self._refuse_in_transaction()
        topics = self._prepared([group])
        expected = self._topics.number_of_messages(topics)
        if not expected:
            raise KitRefused(f"group {group!r} has no message to be handed out: publish first")
        broker.put(group, self._topics.beginnings(topics))
        if forget_redis:
            self._forget_redis()
        report = self.drain(group, timeout_s=timeout_s)
        if report.crashed_at is None and report.messages < expected:
            raise AssertionError(f"only {report.messages} of {expected} messages were handed out")
        return report

    @contextmanager
    def rebalance(self, group: str, *, timeout_s: float = 30.0) -> Iterator[Rebalance]:
        """Consume with one member, while a second one joins and leaves again during the block.

        Publish in the block, and enough for the second one to get some of it. At its end the
        group is drained. Raises KitRefused if no topic of the group has two partitions, and
        AssertionError if nothing was taken from one member and given to the other.
        """
        self._refuse_in_transaction()
        topics = self._prepared([group])
        if len(self._topics.beginnings(topics)) == len(topics):
            raise KitRefused(
                f"every topic of group {group!r} has one partition: nothing can move; "
                "make it with partitions=2 or more"
            )
        if pending := self._crashes.pending():
            raise KitRefused(f"no crash during a rebalance: drain first, {pending} is pending")
        with rebalanced(
            group, settings=self._settings(), crashes=self._crashes, timeout_s=timeout_s
        ) as members:
            yield members
        self.drain(group, timeout_s=timeout_s)

    def check_crashes(self) -> None:
        """Raise AssertionError if a crash was asked for and nothing reached its step."""
        if pending := self._crashes.pending():
            self._crashes.forget()  # told once
            raise AssertionError(f"nothing died at {', '.join(pending)}: no process got there")

    def close(self) -> None:
        """End what runs and forget what was made."""
        self._mover.close()
        self._topics.forget()

    def _draining(self, chosen: Sequence[str]) -> Draining:
        self._prepared(chosen)
        return Draining(
            groups=chosen,
            settings=self._settings(),
            crashes=self._crashes,
            mover=self._mover,
        )

    def _chosen(self, groups: Sequence[str]) -> list[str]:
        if groups:
            return list(groups)
        used = [each.group for each in subscriptions() if each.topic in self._published]
        if not used:
            raise KitRefused(
                "no group subscribes to what this test published: name one, or publish first"
            )
        return sorted(set(used))

    def _prepared(self, groups: Sequence[str]) -> set[str]:
        """Return the groups' topics; the first time they begin where this test began."""
        topics: set[str] = set()
        for group in groups:
            own = {each.topic for each in subscriptions(group)}
            if not own:
                known = ", ".join(known_groups()) or "none"
                raise KitRefused(f"no handler subscribes as group {group!r}; known: {known}")
            for topic in own:
                self._create(topic)
            if group not in self._started:
                broker.put(group, self._topics.beginnings(own))
                self._started.add(group)
            topics |= own
        return topics

    def _create(self, topic: str) -> None:
        try:
            topic_named(topic)
        except UnknownTopic:
            raise KitRefused(
                f"topic {topic!r} is not declared: import the module that declares it, or make "
                "one with waybill.make_topic()"
            ) from None
        self._topics.create_missing([topic])

    def _settings(self) -> Waybill:
        """Return the project's settings, quick where they only wait."""
        return replace(
            waybill(),
            relay_database_url=relay_url(),
            relay_poll_interval_s=0.05,
            lease_s=2.0,
            lease_renew_s=0.5,
            probe_interval_s=0.1,
            # Offsets are committed where it is waited for: on revoke and at the end.
            offset_commit_interval_s=3_600.0,
        )

    def _forget_redis(self) -> None:
        caches[waybill().dedupe_cache].clear()

    def _refuse_in_transaction(self) -> None:
        if connection.in_atomic_block:
            raise KitRefused(
                "the test is inside a transaction, which no other process can see: mark it with "
                "pytest.mark.django_db(transaction=True) (a TransactionTestCase, not a TestCase), "
                "and call the kit outside of transaction.atomic()"
            )


@contextmanager
def kit_for_a_test() -> Iterator[WaybillKit]:
    """Yield a kit; afterwards the product is as it was. Raises KitRefused without a broker."""
    with watched(), lives_watched():
        kit = WaybillKit()
        try:
            yield kit
        finally:
            kit.close()
