"""The preview: what a replay would read, what of it is done, and what it would run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from events.models import Consumption
from events.replaying.counters import DEAD_LETTERED, IN_WORK, QUARANTINED, UNKNOWN
from events.replaying.counting import (
    LOOKED_UP,
    Counting,
    Outcomes,
    TookTooLong,
    counting,
    is_known_as_text,
)
from events.replaying.plan import PlannedPartition
from events.replaying.request import ReplayRequest

COUNTED_WITHIN_S = 8.0  # below what a web process lets a statement take

Outcome = Consumption.Outcome
_LEFT = {
    Outcome.DEAD_LETTERED: DEAD_LETTERED,
    Outcome.UNKNOWN: UNKNOWN,
    Outcome.QUARANTINED: QUARANTINED,
    Outcome.STARTED: IN_WORK,
    Outcome.RETRYING: IN_WORK,
}
_TOOK_TOO_LONG = (
    "Counting would have taken longer than {:g} s, so what is done already is not told; the "
    "replay counts as it goes. A smaller range can be counted."
)
LEFT = (DEAD_LETTERED, UNKNOWN, QUARANTINED, IN_WORK)


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewRow:
    """One partition: offsets from `from_offset` on, before `to_offset`.

    `messages` are the offsets that Kafka has, `removed` those that it has no longer (of them
    `archived` are stored as events), `beyond` those left to the group, which has yet to come to
    them. `chosen` are the messages of the type or key that was asked for, else all. `would_run` is
    an upper bound: offsets need not hold a message, and of messages that were not published here
    only what was done at their own position is known. Counts are None where counting took too
    long.
    """

    topic: str
    partition: int
    first: int
    from_offset: int
    to_offset: int
    messages: int
    removed: int
    beyond: int
    chosen: int | None = None
    archived: int | None = None
    done: int | None = None
    left: Mapping[str, int] | None = None
    would_run: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """All partitions of a plan, and their sums; `note` says what the counts do not tell."""

    rows: tuple[PreviewRow, ...]
    mode: Literal["missing", "force"]
    is_counted: bool
    note: str = ""

    @property
    def messages(self) -> int:
        """How many offsets are read from Kafka."""
        return sum(row.messages for row in self.rows)

    @property
    def removed(self) -> int:
        """How many offsets Kafka no longer has."""
        return sum(row.removed for row in self.rows)

    @property
    def beyond(self) -> int:
        """How many offsets are left to the group itself."""
        return sum(row.beyond for row in self.rows)

    @property
    def chosen(self) -> int | None:
        """How many messages are of the type or key asked for."""
        return self._sum(lambda row: row.chosen)

    @property
    def archived(self) -> int | None:
        """How many of the removed messages are stored as events."""
        return self._sum(lambda row: row.archived)

    @property
    def done(self) -> int | None:
        """How many are done already."""
        return self._sum(lambda row: row.done)

    @property
    def would_run(self) -> int | None:
        """How many would be run, at most."""
        return self._sum(lambda row: row.would_run)

    @property
    def left(self) -> dict[str, int] | None:
        """How many would be left as they are, by why."""
        if not self.is_counted:
            return None
        return {name: sum((row.left or {}).get(name, 0) for row in self.rows) for name in LEFT}

    def _sum(self, count: Callable[[PreviewRow], int | None]) -> int | None:
        return sum(count(row) or 0 for row in self.rows) if self.is_counted else None


def preview(
    plan: Sequence[PlannedPartition],
    request: ReplayRequest,
    *,
    limit_s: float = COUNTED_WITHIN_S,
) -> Preview:
    """Count, by index only, what a replay of the plan would find; changes nothing.

    After `limit_s` seconds the counts are given up: offsets are told all the same.
    """
    try:
        with counting(request, limit_s=limit_s) as counts:
            rows = tuple(_counted(each, counts, request) for each in plan)
        is_counted, notes = True, _notes(request, is_exact=counts.is_exact)
    except TookTooLong:
        rows = tuple(_row(each) for each in plan)
        is_counted, notes = False, [_TOOK_TOO_LONG.format(limit_s)]
    return Preview(rows=rows, mode=request.mode, is_counted=is_counted, note=" ".join(notes))


def _counted(each: PlannedPartition, counts: Counting, request: ReplayRequest) -> PreviewRow:
    on_kafka = counts.on_kafka(each)
    stored = counts.archived(each, by_outcome=request.from_archive)
    is_narrowed = request.type is not None or request.key is not None
    chosen = on_kafka.total() if is_narrowed else each.messages
    offered, told = chosen, Outcomes(on_kafka)
    if request.from_archive:
        offered += stored.total()
        told.update(stored)
    told.pop("", None)
    return _row(
        each,
        chosen=chosen,
        archived=stored.total(),
        done=told[Outcome.SUCCEEDED],
        left=_left(told),
        would_run=offered if request.mode == "force" else max(0, offered - told.total()),
    )


def _row(
    each: PlannedPartition,
    *,
    left: Mapping[str, int] | None = None,
    **counts: int,
) -> PreviewRow:
    return PreviewRow(
        topic=each.topic,
        partition=each.partition,
        first=each.first,
        from_offset=each.from_,
        to_offset=each.to,
        messages=each.messages,
        removed=each.removed,
        beyond=each.beyond,
        left=left,
        **counts,
    )


def _left(told: Outcomes) -> dict[str, int]:
    left = dict.fromkeys(LEFT, 0)
    for outcome, name in _LEFT.items():
        left[name] += told[outcome]
    return left


def _notes(request: ReplayRequest, *, is_exact: bool) -> Iterable[str]:
    if request.key is not None and not is_known_as_text(request.key):
        yield "The key is no text, so no event published here has it: nothing could be counted."
    elif request.key is not None or request.type is not None:
        yield "What was not published here is not counted; the replay runs it all the same."
    if not is_exact:
        yield (
            f"Of the messages without a row at their position {LOOKED_UP} were looked for at "
            "others: more may be done, and less would run."
        )
