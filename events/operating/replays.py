"""Replays: asked for by people, with a plan resolved first, and paused, resumed and stopped."""

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from events.errors import ReplayRefused
from events.kafka.record import Partition
from events.models import Replay
from events.operating.known_group import one_change_at_a_time
from events.operating.operator import Operator
from events.operating.replay_check import checked
from events.replaying.plan import PlannedPartition, resolved
from events.replaying.preview import Preview, preview
from events.replaying.request import ReplayRequest
from events.replaying.stored_request import stored

if TYPE_CHECKING:  # a web process loads Kafka's client only when it asks something of it
    from events.kafka.groups import KafkaGroups

ACTION = "replay"
TARGET = "replay"

State = Replay.State
_OVER = {
    State.DONE: "it is done",
    State.STOPPED: "it was stopped",
    State.FAILED: "it failed: resume it, or stop it for good",
    State.PAUSED: "it is paused already",
}


class Replaying:
    """A replay to be asked for. What it reads is resolved once, at the first look at Kafka.

    Whoever runs it (`manage.py runreplay`) goes by that plan. Raises ReplayRefused, with what to
    do, for what cannot be replayed so, and ServiceUnavailable if Kafka is away.
    """

    def __init__(self, request: ReplayRequest) -> None:
        self._request = checked(request)

    @property
    def request(self) -> ReplayRequest:
        """What was asked for, with all its topics named."""
        return self._request

    def preview(self) -> Preview:
        """Return what would be read, left and run in each partition; changes nothing."""
        return preview(self._plan, self._request)

    def carry_out(self, *, by: Operator) -> Replay:
        """Ask for it, in one transaction with its operator action; whoever runs it finds it.

        Raises ReplayRefused if another replay of the group is at one of its partitions: two would
        overtake each other.
        """
        plan = self._plan
        with transaction.atomic():
            one_change_at_a_time(self._request.group)
            _check_alone(self._request.group, plan)
            row = Replay.objects.create(
                **stored(self._request),
                plan=[each.stored() for each in plan],
                by=by.name,
                reason=by.reason,
                requested_at=Now(),
            )
            by.record(ACTION, target_type=TARGET, target_id=row.pk, details=_told(row, plan))
        row.refresh_from_db()
        return row

    @cached_property
    def _kafka(self) -> "KafkaGroups":
        from events.kafka.groups import KafkaGroups  # noqa: PLC0415 - as above

        return KafkaGroups()

    @cached_property
    def _plan(self) -> tuple[PlannedPartition, ...]:
        return resolved(self._request, self._kafka)


def pause_replay(replay_id: UUID, *, by: Operator) -> Replay:
    """Have a replay stand still until it is resumed; the process that runs it does in a second.

    Raises ReplayRefused if there is none of this id, or it does not run and is not about to.
    """
    with transaction.atomic():
        row = _locked(replay_id, {State.REQUESTED, State.RUNNING}, verb="paused")
        return _changed(row, "pause_replay", state=State.PAUSED, by=by)


def resume_replay(replay_id: UUID, *, by: Operator) -> Replay:
    """Have a paused or failed replay go on where it was: at once if a process waits for that.

    Raises ReplayRefused if there is none of this id, it is in another state, or meanwhile another
    replay of the group is at one of its partitions.
    """
    with transaction.atomic():
        row = _locked(replay_id, {State.PAUSED, State.FAILED}, verb="resumed")
        one_change_at_a_time(row.group)
        plan = [PlannedPartition.of(each) for each in row.plan]
        _check_alone(row.group, plan, but=replay_id)
        return _changed(row, "resume_replay", state=State.REQUESTED, finished_at=None, by=by)


def stop_replay(replay_id: UUID, *, by: Operator) -> Replay:
    """End a replay for good; what it did stays done, and its report is kept.

    Raises ReplayRefused if there is none of this id, or it is over.
    """
    with transaction.atomic():
        row = _locked(replay_id, {*Replay.ACTIVE, State.FAILED}, verb="stopped")
        return _changed(row, "stop_replay", state=State.STOPPED, finished_at=Now(), by=by)


def _locked(replay_id: UUID, states: Collection[State], *, verb: str) -> Replay:
    row = Replay.objects.select_for_update().filter(pk=replay_id).first()
    if row is None:
        raise ReplayRefused(f"there is no replay {replay_id}")
    state = State(row.state)
    if state not in states:
        why = _OVER.get(state, f"it is {state}")
        raise ReplayRefused(f"the replay cannot be {verb}: {why}")
    return row


def _changed(row: Replay, action: str, *, by: Operator, **changes: Any) -> Replay:
    before = row.state
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=[*changes])
    details = {"group": row.group, "topics": row.topics, "state_before": before}
    by.record(action, target_type=TARGET, target_id=row.pk, details=details)
    row.refresh_from_db()
    return row


def _check_alone(group: str, plan: Iterable[PlannedPartition], *, but: UUID | None = None) -> None:
    """Raise ReplayRefused if another active replay of the group reads one of the partitions."""
    ours = _read(plan)
    for row in Replay.objects.active().filter(group=group).order_by("requested_at"):
        both = ours & _read(PlannedPartition.of(each) for each in row.plan)
        if both and row.pk != but:
            topic, partition = min(both)
            raise ReplayRefused(
                f"replay {row.pk}, {row.state}, asked for by {row.by}, is at {topic}:{partition}, "
                "too, and two would overtake each other: wait for its end, or stop it"
            )


def _read(plan: Iterable[PlannedPartition]) -> set[Partition]:
    return {(each.topic, each.partition) for each in plan if each.from_ < each.to}


def _told(row: Replay, plan: Collection[PlannedPartition]) -> dict[str, Any]:
    return {
        "group": row.group,
        "topics": row.topics,
        "range": row.range,
        "bounds": row.bounds,
        "only": row.only,
        "mode": row.mode,
        "rate": row.rate,
        "from_archive": row.from_archive,
        "partitions": len(_read(plan)),
        "messages": sum(each.messages for each in plan),
        "removed": sum(each.removed for each in plan),
    }
