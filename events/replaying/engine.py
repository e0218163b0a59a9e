"""The engine: a replay's loop, from what is read to what is run, counted and passed."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from events.consuming.decoding import Decoder
from events.consuming.delivery import Item, Undecodable
from events.consuming.inbox import Inbox
from events.consuming.progress import Progress, Wait
from events.consuming.retrying import Retrying
from events.kafka.reader import KafkaReader
from events.kafka.record import Partition, Record
from events.replaying.account import Account
from events.replaying.chosen import Chosen
from events.replaying.copies import record_copies
from events.replaying.counters import ARCHIVED, OTHER, UNDECODABLE
from events.replaying.holes import Holes
from events.replaying.lanes import Lanes, Piece
from events.replaying.verdicts import RUN, Verdicts

BRIEF = 16  # so much less is done at once while others wait for the machine
AGAIN_S = 0.05  # after which what could not be run is looked at again, at the earliest
LEAST = 20  # messages are judged at once however slow what is run
IDLE_S = 0.2  # how long a fetch waits: what people ask for is seen after it


@dataclass(kw_only=True, slots=True)
class Engine:
    """One replay, in one thread; `run_once` repeats until `is_done`.

    The order of each partition is kept: what waits for a retry holds back what lies behind it.
    """

    reader: KafkaReader
    lanes: Lanes
    decoder: Decoder
    chosen: Chosen
    verdicts: Verdicts
    inbox: Inbox
    account: Account
    progress: Progress
    retrying: Retrying
    from_archive: bool
    at_once: int  # messages judged by one query, at most
    most_bytes: int  # of values that wait in the lanes; then no more is fetched
    clock: Callable[[], float] = time.monotonic
    _holes: Holes = field(init=False)
    _paused: set[Partition] = field(default_factory=set)
    _now_at_once: int = field(init=False)

    def __post_init__(self) -> None:
        self._now_at_once = self.at_once
        self._holes = Holes(from_archive=self.from_archive, piece_of=self._piece)

    @property
    def is_done(self) -> bool:
        """Whether everything of the range is passed."""
        return self.lanes.are_done

    def run_once(self, *, is_brief: bool = False) -> int:
        """Read, judge, run and pass what can be; returns how many messages were passed.

        One that `is_brief` takes few messages. Raises KafkaException, and Abandoned if told to
        stop while the database is away.
        """
        most = max(1, self.at_once // BRIEF) if is_brief else self.at_once
        self._fetch(most)
        for hole in self.lanes.holes():
            parts = self.retrying.through_outages(partial(self._holes.parts, hole))
            self.lanes.fill(hole, parts)
        pieces = self.lanes.ready(min(most, self._now_at_once), now=self.clock())
        passed = self._pass(pieces, self._judged(pieces)) if pieces else 0
        self._adapt(passed, left=len(pieces) - passed)
        return passed

    def _adapt(self, passed: int, *, left: int) -> None:
        """Judge no more at once than can soon be run: what has to wait is judged again."""
        wanted = 2 * passed if left else 2 * self._now_at_once
        self._now_at_once = max(min(LEAST, self.at_once), min(self.at_once, wanted))

    def _fetch(self, most: int) -> None:
        self._hold_back()
        due_s = self.lanes.next_due_s(self.clock())
        timeout_s = IDLE_S if due_s is None else min(IDLE_S, due_s)
        for record in self.reader.fetch(most, timeout_s=timeout_s):
            self.lanes.add(self._piece(record))
        for where, reached in self.reader.reached.items():
            self.lanes.look_to(where, reached)

    def _hold_back(self) -> None:
        """Fetch no more of partitions of which enough waits."""
        full = self.lanes.full(self.at_once, most_bytes=self.most_bytes)
        if full != self._paused:
            self.reader.pause(full - self._paused)
            self.reader.resume(self._paused - full)
            self._paused = full

    def _piece(self, record: Record) -> Piece:
        item: Item | None = None
        if self.chosen.has(record):
            verdicts = self.verdicts
            decoded = self.decoder.decode(
                record, replay=verdicts.replay, generation=verdicts.generation
            )
            item = decoded if self.chosen.takes(decoded) else None
        return Piece(record.where, record.offset, record.offset + 1, item)

    def _judged(self, pieces: Sequence[Piece]) -> list[str]:
        """Return the verdicts; those of messages that had to be run come from after that."""
        items = [piece.item for piece in pieces if piece.item is not None]
        found = self.retrying.through_outages(lambda: self.verdicts.of(items))
        if found.copies:
            self.retrying.through_outages(lambda: record_copies(found.copies))
        verdicts = found.verdicts
        places = [
            place
            for place, verdict in enumerate(verdicts)
            if verdict is RUN or verdict is UNDECODABLE
        ]
        if places:
            for place, verdict in zip(
                places, self._run([items[place] for place in places]), strict=True
            ):
                verdicts[place] = verdict
        following = iter(verdicts)
        return [OTHER if piece.item is None else next(following) for piece in pieces]

    def _run(self, items: Sequence[Item]) -> list[str]:
        """Run what can be run now; returns what the ledger says then."""
        self.progress.new_batch()
        self.inbox.apply_items(items)
        now = self.clock()
        done_to: dict[Partition, int] = {}
        for report in self.progress.collect():
            if isinstance(report, Wait):
                self.lanes.wait(report.position[:2], at_least_s=report.delay_s, now=now)
            else:
                done_to[report.partition] = report.next_offset
        verdicts = self.retrying.through_outages(lambda: self.verdicts.of(items)).verdicts
        return [
            # No row says that it was set aside.
            RUN
            if isinstance(item, Undecodable)
            and item.record.offset >= done_to.get(item.partition, 0)
            else verdict
            for item, verdict in zip(items, verdicts, strict=True)
        ]

    def _pass(self, pieces: Sequence[Piece], verdicts: Sequence[str]) -> int:
        waiting: set[Partition] = set()
        passed: Counter[Partition] = Counter()
        counted: list[str] = []
        for piece, verdict in zip(pieces, verdicts, strict=True):
            where = piece.where
            if verdict is RUN:
                waiting.add(where)
            if where in waiting:
                continue
            passed[where] += 1
            if piece.absent is not None:
                self.account.miss(where, piece.first, piece.next_offset, known=piece.absent)
                continue
            counted.append(verdict)
            if piece.is_archived:
                counted.append(ARCHIVED)
        for where in waiting - passed.keys():
            self.lanes.wait(where, at_least_s=AGAIN_S, now=self.clock())
        self.account.count(counted)
        self.lanes.pass_by(passed)
        return passed.total()
