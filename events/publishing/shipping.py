"""Shipping: entries go to Kafka, reports come back, the outbox is told."""

import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from events.kafka.producer import Delivered, Failed, RecordRefused, TopicUnavailable
from events.kafka.verdicts import Verdict
from events.publishing.carriers import Carriers, MakeProducer
from events.publishing.entries import Entries
from events.publishing.entry import Entry
from events.publishing.outcomes import Outcomes, Untaken, Unwritable
from events.publishing.pages import Wanted
from events.publishing.window import Window

# Confirmed writes are marked together: so many, or what came within this time.
MARK_ENTRIES = 1_000
MARK_WITHIN_S = 0.005


class Exchanged(NamedTuple):
    """What an exchange with the outbox did: entries marked, entries read, more to read now."""

    marked: int
    read: int
    is_more: bool


class Shipping:
    """What is on its way to Kafka, from the read to the mark.

    Everything here is memory: `forget()` it when the session that read the entries is over, and
    read them again.
    """

    def __init__(
        self,
        *,
        make_producer: MakeProducer,
        make_window: Callable[[], Window],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_window = make_window
        self._clock = clock
        self._carriers = Carriers(make_producer=make_producer)
        self.window = make_window()
        self._outcomes = Outcomes()
        self._loaded: deque[Entry] = deque()  # in the window, not handed to Kafka yet
        self.parked = 0

    @property
    def kafka_is_down(self) -> bool:
        """Whether Kafka does not answer, as far as we know."""
        return self._carriers.kafka_is_down

    @property
    def has_loaded(self) -> bool:
        """Whether entries were read that Kafka has not been given yet."""
        return bool(self._loaded)

    def collect(self, timeout_s: float) -> None:
        """Take in what Kafka reported; waits up to `timeout_s` seconds for the first report."""
        self._take_in(*self._carriers.poll(timeout_s))
        if not self.window:
            self._carriers.probe()

    def settle(self, entries: Entries) -> int:
        """Tell the outbox what failed; return how many ends it knows. Raises psycopg.Error.

        What could not be told stays in the window and is told the next time.
        """
        outcomes = self._outcomes
        if not outcomes.untaken and not outcomes.unwritable:
            return 0
        if outcomes.untaken:
            entries.postpone(outcomes.postponements())
        if outcomes.unwritable:
            entries.park(outcomes.parkings())
        outcomes.tell()
        self.parked += len(outcomes.unwritable)
        told = [each.entry.sequence for each in outcomes.untaken]
        told += [each.entry.sequence for each in outcomes.unwritable]
        outcomes.untaken.clear()
        outcomes.unwritable.clear()
        return self.window.remove(told)

    def exchange(
        self, entries: Entries, *, buckets: Collection[int] | None, limit: int
    ) -> Exchanged:
        """Mark what was delivered and read at most `limit` entries of `buckets`, if not None.

        Meanwhile what was read before goes to Kafka. Raises psycopg.Error: then nothing was read;
        what could not be marked is marked the next time.
        """
        marking = list(self._outcomes.delivered) if self._is_time_to_mark() else []
        wanted = None if buckets is None else self._wanted(buckets, limit=limit)
        if not marking and wanted is None:
            self.hand_over()
            return Exchanged(0, 0, False)
        all_went = True

        def hand_over() -> None:
            nonlocal all_went
            all_went = self.hand_over()

        page, is_more = entries.exchange(marking, wanted=wanted, meanwhile=hand_over)
        marked = self.window.remove(report.token.sequence for report in marking)
        del self._outcomes.delivered[: len(marking)]
        if not all_went:  # the page may hold followers of what came back
            return Exchanged(marked, len(page), bool(page))
        self._load(page)
        return Exchanged(marked, len(page), is_more or len(page) >= limit)

    def hand_over(self) -> bool:
        """Hand what was read to Kafka, in order, as far as its queue takes it.

        Returns whether nothing came back: then a page that was read meanwhile is good.
        """
        came_back: set[str] = set()
        while self._loaded and not came_back:
            entry = self._loaded[0]
            try:
                self._produce(entry)
            except BufferError:
                break  # full: the rest goes after the next reports
            except RecordRefused as refusal:
                self._outcomes.unwritable.append(Unwritable(entry, str(refusal)))
                came_back.add(entry.topic)
            except TopicUnavailable as refusal:
                self._failed(entry, str(refusal), verdict=Verdict.LATER)
                came_back.add(entry.topic)
            self._loaded.popleft()
        self._unload(came_back)
        return not came_back

    def renew_dead_producer(self) -> None:
        """After a fatal error go on with a new producer; what it had is read again."""
        self._take_in(*self._carriers.renew_failed())

    def forget(self) -> None:
        """Drop everything: nothing of it will be reported or marked."""
        self._carriers.forget()
        self.window = self._make_window()
        self._outcomes = Outcomes()
        self._loaded.clear()

    def close(self) -> None:
        """Drop everything and end the producer."""
        self._carriers.close()

    def _wanted(self, buckets: Collection[int], *, limit: int) -> Wanted:
        return Wanted(
            buckets=buckets,
            in_flight=self.window.sequences,
            room=self.window.room_of,
            limit=min(limit, self.window.room),
            room_bytes=self.window.room_bytes,
        )

    def _load(self, page: Collection[Entry]) -> None:
        # An entry that stays behind keeps its topic's later ones behind; it is read again.
        behind: set[str] = set()
        for entry in page:
            if entry.topic in behind:
                continue
            if self.window.admits(entry):
                self.window.add(entry)
                self._loaded.append(entry)
            else:
                behind.add(entry.topic)

    def _unload(self, topics: Collection[str]) -> None:
        # Nothing of a topic goes on while one before it came back; it is read again.
        if not topics:
            return
        for entry in self._loaded:
            if entry.topic in topics:
                self.window.release(entry.sequence)
        self._loaded = deque(entry for entry in self._loaded if entry.topic not in topics)

    def _produce(self, entry: Entry) -> None:
        if entry.event_id is None:
            raise RecordRefused("its event is gone")
        is_proven = self.window.is_proven(entry.topic)
        try:
            self._carriers.produce(entry, is_proven=is_proven)
        except (TypeError, ValueError) as error:  # a row that publish() did not write
            raise RecordRefused(f"its headers cannot be read: {error}") from error

    def _take_in(self, delivered: Sequence[Delivered], failed: Sequence[Failed]) -> None:
        if delivered:
            self._outcomes.add_delivered(delivered, now=self._clock())
            for topic in {report.token.topic for report in delivered}:
                self.window.delivered(topic)
        for report in failed:
            self._failed(report.token, report.reason, verdict=report.verdict)
        self._unload({report.token.topic for report in failed})

    def _failed(self, entry: Entry, reason: str, *, verdict: Verdict) -> None:
        if verdict is Verdict.UNSAID:
            self.window.release(entry.sequence)
        elif verdict is Verdict.LATER:
            self.window.failed(entry.topic)
            delay_s = self.window.backoff_s(entry.attempts + 1)
            self._outcomes.untaken.append(Untaken(entry, reason, delay_s))
        elif self.window.is_alone(entry):
            self.window.delivered(entry.topic)  # it is in good order: the entry is not
            self._outcomes.unwritable.append(Unwritable(entry, reason))
        else:
            self.window.suspect(entry.topic)
            self._outcomes.untaken.append(Untaken(entry, reason, 0.0))

    def _is_time_to_mark(self) -> bool:
        outcomes = self._outcomes
        return bool(outcomes.delivered) and (
            len(outcomes.delivered) >= MARK_ENTRIES
            or len(outcomes) == len(self.window)
            or self._clock() - outcomes.delivered_since >= MARK_WITHIN_S
        )
