"""A replay's plan: offsets of each partition, resolved with one look at Kafka."""

from typing import Any

import pytest

from events.errors import ReplayRefused
from events.kafka.groups import KafkaGroups
from events.replaying.plan import PlannedPartition, resolved
from events.replaying.request import All, Offsets, ReplayRequest, Times
from tests.conftest import MakeTopic
from tests.integration.operating.membership import commit
from tests.integration.replaying.conftest import published, second

pytestmark = pytest.mark.django_db(transaction=True)


def planned(topic: str, range_: Any, **options: Any) -> tuple[PlannedPartition, ...]:
    request = ReplayRequest(group=topic, topics=(topic,), range=range_, **options)
    return resolved(request, KafkaGroups())


def offsets(topic: str, range_: Any, **options: Any) -> list[tuple[int, int, int, int]]:
    return [
        (each.from_, each.to, each.removed, each.beyond)
        for each in planned(topic, range_, **options)
    ]


def test_a_replay_ends_where_the_group_is_else_at_the_end(topic: str) -> None:
    commit(topic, topic, 7)

    plan = planned(topic, All())

    assert plan == (
        PlannedPartition(
            topic=topic, partition=0, from_=0, to=7, first=0, end=10, committed=7, wanted=10
        ),
        PlannedPartition(
            topic=topic, partition=1, from_=0, to=5, first=0, end=5, committed=None, wanted=5
        ),
    )
    assert [(each.messages, each.removed, each.beyond) for each in plan] == [(7, 0, 3), (5, 0, 0)]
    assert plan[0].stored() == {
        "topic": topic,
        "partition": 0,
        "from": 0,
        "to": 7,
        "first": 0,
        "end": 10,
        "committed": 7,
    }
    assert PlannedPartition.of(plan[0].stored()).stored() == plan[0].stored()


def test_offsets_and_times_choose_what_lies_between_them(topic: str) -> None:
    commit(topic, topic, 7)

    assert offsets(topic, Offsets(first=2, before=4)) == [(2, 4, 0, 0), (2, 4, 0, 0)]
    assert offsets(topic, Offsets(first=4)) == [(4, 7, 0, 3), (4, 5, 0, 0)]
    assert offsets(topic, Offsets(first=8, before=99)) == [(8, 8, 0, 2), (5, 5, 0, 0)]
    assert offsets(topic, Offsets(before=3, partition=1)) == [(0, 3, 0, 0)]
    own = {(topic, 1): (1, None)}
    assert offsets(topic, Offsets(by_partition=own)) == [(1, 5, 0, 0)]
    assert offsets(topic, Offsets(first=6, by_partition=own)) == [(6, 7, 0, 3), (1, 5, 0, 0)]

    assert offsets(topic, Times(start=second(2), before=second(4))) == [(2, 4, 0, 0)] * 2
    assert offsets(topic, Times(start=second(3.5))) == [(4, 7, 0, 3), (4, 5, 0, 0)]
    assert offsets(topic, Times(before=second(1))) == [(0, 1, 0, 0)] * 2
    assert offsets(topic, Times(start=second(60))) == [(10, 10, 0, 0), (5, 5, 0, 0)]


def test_what_retention_removed_is_named_if_anything_is_known_of_it(
    topic: str, remove: Any
) -> None:
    remove(topic, before=6)
    assert offsets(topic, All()) == [(6, 10, 0, 0), (0, 5, 0, 0)]

    for offset in (1, 2, 4, 7):
        published(topic, offset)
    assert offsets(topic, All())[0] == (0, 10, 6, 0)
    assert offsets(topic, Offsets(first=5, before=8))[0] == (5, 8, 1, 0)
    # Offset 1 was published at 1.5 s, offset 2 at 2.5 s; of offset 3 nothing is known.
    assert offsets(topic, Times(start=second(2)))[0] == (2, 10, 4, 0)
    assert offsets(topic, Times(start=second(3)))[0] == (4, 10, 2, 0)
    assert offsets(topic, Times(start=second(5), before=second(9)))[0] == (6, 9, 0, 0)
    assert offsets(topic, Times(start=second(2), before=second(3)))[0] == (2, 4, 2, 0)
    assert offsets(topic, Times(before=second(4)))[0] == (0, 4, 4, 0)


def test_of_a_topic_that_retention_emptied_all_is_removed(topic: str, remove: Any) -> None:
    published(topic, 3)
    remove(topic, before=10)

    assert offsets(topic, Times(start=second(0)))[0] == (3, 10, 7, 0)
    assert offsets(topic, All())[0] == (0, 10, 10, 0)


def test_a_topic_that_is_not_on_kafka_is_replayed_from_the_archive_alone(
    make_topic: MakeTopic,
) -> None:
    gone = make_topic(create=False)
    with pytest.raises(ReplayRefused, match=r"not on Kafka: .* synctopics --apply makes it"):
        planned(gone, All())
    with pytest.raises(ReplayRefused, match="nothing that was published to it is stored"):
        planned(gone, All(), from_archive=True)

    published(gone, 4)
    published(gone, 2, partition=2)
    assert offsets(gone, All(), from_archive=True) == [(0, 5, 5, 0), (0, 3, 3, 0)]
    assert offsets(gone, Times(start=second(2)), from_archive=True) == [(4, 5, 1, 0), (2, 3, 1, 0)]


def test_a_partition_that_is_not_there_is_refused(topic: str) -> None:
    with pytest.raises(ReplayRefused, match="has no partition 7 on Kafka"):
        planned(topic, Offsets(partition=7))
    with pytest.raises(ReplayRefused, match="has no partition 2 on Kafka"):
        planned(topic, Offsets(by_partition={(topic, 2): (0, 1)}))
