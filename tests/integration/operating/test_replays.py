"""Replays are asked for with a plan and an operator action; people pause, resume and stop them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from events.consuming.subscriptions import subscribe, unsubscribe
from events.errors import ReplayRefused
from events.models import OperatorAction, Replay
from events.operating.operator import Operator
from events.operating.replays import Replaying, pause_replay, resume_replay, stop_replay
from events.replaying.request import All, Offsets, ReplayRequest, Times
from events.replaying.stored_request import request_of, stored
from tests.audit_rows import a_consumption
from tests.conftest import MakeTopic
from tests.integration.operating.conftest import handle
from tests.integration.operating.failed_rows import TYPE
from tests.integration.operating.membership import commit, write

pytestmark = pytest.mark.django_db(transaction=True)

ADA = Operator(name="ada", reason="a wrong price")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
State = Replay.State


@pytest.fixture
def topic(make_topic: MakeTopic) -> Iterator[str]:
    """Two partitions; the group of its name has read four of five messages of the first one."""
    name = make_topic(TYPE, partitions=2)
    write(name, *(b"%d" % number for number in range(5)))
    write(name, b"0", partition=1)
    commit(name, name, 4)
    subscribe(name, group=name, type=TYPE)(handle)
    yield name
    unsubscribe(name, group=name, type=TYPE)


def ask(topic: str, **options: Any) -> Replay:
    return Replaying(ReplayRequest(group=topic, **options)).carry_out(by=ADA)


def test_a_replay_is_stored_with_its_plan_and_the_operator_action(topic: str) -> None:
    replaying = Replaying(ReplayRequest(group=topic, key=b"k", rate=2.5))
    a_consumption(None, group=topic, topic=topic, partition=0, offset=1)
    assert replaying.request.topics == (topic,)
    assert [row.messages for row in replaying.preview().rows] == [4, 1]
    assert not Replay.objects.exists()

    row = replaying.carry_out(by=ADA)

    assert (row.state, row.by, row.reason, row.topics) == ("requested", "ada", ADA.reason, [topic])
    assert row.requested_at <= timezone.now()
    assert row.plan == [
        {"topic": topic, "partition": p, "from": 0, "to": to, "first": 0, "end": end, **committed}
        for p, to, end, committed in ((0, 4, 5, {"committed": 4}), (1, 1, 1, {"committed": None}))
    ]
    assert request_of(row) == replaying.request
    action = OperatorAction.objects.get()
    assert (action.action, action.target_type, action.target_id) == (
        "replay",
        "replay",
        str(row.pk),
    )
    assert action.details == {
        "group": topic,
        "topics": [topic],
        "range": "all",
        "bounds": {},
        "only": {"key": "aw=="},
        "mode": "missing",
        "rate": 2.5,
        "from_archive": False,
        "partitions": 2,
        "messages": 5,
        "removed": 0,
    }


REQUEST = ReplayRequest(group="stock", topics=("orders",))
STORED: list[tuple[ReplayRequest, dict[str, Any]]] = [
    (REQUEST, {"range": "all", "bounds": {}, "only": {}, "mode": "missing", "rate": None}),
    (replace(REQUEST, type="a.b", mode="force"), {"only": {"type": "a.b"}, "mode": "force"}),
    (replace(REQUEST, key=b"\xff", from_archive=True), {"only": {"key": "/w=="}}),
    (
        replace(REQUEST, range=Offsets(first=2, partition=1)),
        {
            "range": "offsets",
            "bounds": {"from": 2, "before": None, "partition": 1, "by_partition": {}},
        },
    ),
    (
        replace(REQUEST, range=Offsets(by_partition={("orders", 0): (3, 9)})),
        {
            "bounds": {
                "from": None,
                "before": None,
                "partition": None,
                "by_partition": {"orders:0": [3, 9]},
            }
        },
    ),
    (
        replace(REQUEST, range=Times(start=NOON)),
        {"range": "timestamps", "bounds": {"from": "2026-03-01T12:00:00+00:00", "before": None}},
    ),
]


@pytest.mark.parametrize(("request_", "fields"), STORED)
def test_what_was_asked_for_is_stored_and_read_again(
    request_: ReplayRequest, fields: dict[str, Any]
) -> None:
    told = stored(request_)
    assert {name: told[name] for name in fields} == fields
    row = Replay.objects.create(**told, by="ada", requested_at=timezone.now())
    row.refresh_from_db()

    assert request_of(row) == request_


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"group": "stoc"}, "no handler subscribes as group 'stoc'; the groups are"),
    ({"topics": ("another",)}, "does not subscribe to 'another'; it does to"),
    ({"type": "thing.else"}, "handles no 'thing.else' in test_.*; it does: thing.happened"),
    ({"type": TYPE, "key": b"k"}, "by type or by key, not by both"),
    ({"key": b"k" * 1_025}, "the key has 1025 bytes: at most 1024"),
    ({"mode": "all"}, "no mode 'all': it is missing or force"),
    ({"rate": 0.0}, "the rate must be more than 0"),
    ({"rate": float("nan")}, "the rate must be more than 0"),
    ({"rate": float("inf")}, "the rate must be more than 0"),
    ({"range": Offsets(first=-1)}, "offsets count from 0"),
    ({"range": Offsets(first=3, before=3)}, "nothing lies from offset 3 on and before 3"),
    ({"range": Offsets(before=0)}, "nothing lies from offset 0 on and before 0"),
    ({"range": Offsets(partition=2)}, "has no partition 2: it has 2"),
    ({"range": Offsets(by_partition={("another", 0): (0, 1)})}, "another are given, but it is no"),
    ({"range": Times(start=NOON, before=NOON)}, "nothing lies from 2026-03-01T12:00:00"),
]


@pytest.mark.parametrize(("options", "told"), REFUSED)
def test_what_cannot_be_meant_is_refused(topic: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(ReplayRefused, match=told):
        Replaying(ReplayRequest(**{"group": topic, **options}))


def test_a_partition_belongs_to_one_topic(topic: str, make_topic: MakeTopic) -> None:
    another = make_topic(TYPE)
    subscribe(another, group=topic, type=TYPE)(handle)
    try:
        with pytest.raises(ReplayRefused, match="a partition belongs to one topic: name one of"):
            Replaying(ReplayRequest(group=topic, range=Offsets(partition=0)))
        request = ReplayRequest(group=topic, topics=(topic,), range=Offsets(partition=0))
        assert len(Replaying(request).preview().rows) == 1
    finally:
        unsubscribe(another, group=topic, type=TYPE)


def test_two_replays_of_a_group_never_meet_in_a_partition(topic: str) -> None:
    first = ask(topic, range=Offsets(first=1, before=3, partition=0))
    with pytest.raises(ReplayRefused, match=rf"replay {first.pk}, requested, .* is at {topic}:0"):
        ask(topic)
    elsewhere = ask(topic, range=Offsets(partition=1))
    assert OperatorAction.objects.count() == 2

    stop_replay(elsewhere.pk, by=ADA)
    Replay.objects.filter(pk=first.pk).update(state=State.FAILED)
    second = ask(topic, range=All())
    with pytest.raises(ReplayRefused, match=str(second.pk)):
        resume_replay(first.pk, by=ADA)
    stop_replay(second.pk, by=ADA)
    assert resume_replay(first.pk, by=ADA).state == State.REQUESTED


Change = Callable[..., Replay]
CHANGES: list[tuple[Change, dict[State, str]]] = [
    (
        pause_replay,
        {
            State.PAUSED: "cannot be paused: it is paused already",
            State.DONE: "cannot be paused: it is done",
            State.STOPPED: "cannot be paused: it was stopped",
            State.FAILED: "it failed: resume it",
        },
    ),
    (
        resume_replay,
        {
            State.REQUESTED: "cannot be resumed: it is requested",
            State.RUNNING: "cannot be resumed: it is running",
            State.DONE: "cannot be resumed: it is done",
            State.STOPPED: "cannot be resumed: it was stopped",
        },
    ),
    (stop_replay, {State.DONE: "it is done", State.STOPPED: "it was stopped"}),
]
BECOMES = {
    pause_replay: State.PAUSED,
    resume_replay: State.REQUESTED,
    stop_replay: State.STOPPED,
}


@pytest.mark.parametrize(("change", "refused"), CHANGES)
def test_a_replay_is_changed_from_some_states_and_refused_in_others(
    change: Change, refused: dict[State, str]
) -> None:
    fields: dict[str, Any] = {**stored(REQUEST), "by": "ada", "requested_at": timezone.now()}
    for state in State:
        row = Replay.objects.create(**fields, state=state)
        if state in refused:
            with pytest.raises(ReplayRefused, match=refused[state]):
                change(row.pk, by=ADA)
            assert not OperatorAction.objects.on("replay", row.pk).exists()
        else:
            changed = change(row.pk, by=ADA)
            assert changed.state == BECOMES[change]
            assert (changed.finished_at is not None) == (change is stop_replay)
            action = OperatorAction.objects.on("replay", row.pk).get()
            assert (action.action, action.reason) == (change.__name__, ADA.reason)
            assert action.details["state_before"] == state
    with pytest.raises(ReplayRefused, match="there is no replay"):
        change(uuid4(), by=ADA)
