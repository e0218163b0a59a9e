"""Groups on the broker: where they stand without any member, and offsets set from outside."""

import os
from datetime import UTC, datetime

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import TopicPartition

from events.errors import GroupInUse, KafkaRefused, ServiceUnavailable
from events.kafka.groups import KafkaGroups
from events.kafka.standing import PartitionStanding
from tests.conftest import MakeTopic
from tests.integration.operating.membership import START_MS, a_member, commit, write


@pytest.fixture
def topic(make_topic: MakeTopic) -> str:
    name = make_topic(partitions=2)
    write(name, b"0", b"1", b"2", b"3")
    return name


def test_the_lag_of_a_group_without_members_is_known(topic: str) -> None:
    commit(topic, topic, 1)
    found = KafkaGroups().standing(topic, [topic, "not_on_kafka"])
    assert (found.state, found.members) == ("empty", ())
    assert found.partitions == (
        PartitionStanding(topic=topic, partition=0, committed=1, first=0, end=4),
        PartitionStanding(topic=topic, partition=1, committed=None, first=0, end=0),
    )
    assert [each.lag for each in found.partitions] == [3, 0]


def test_a_group_that_never_was_has_everything_to_do(topic: str) -> None:
    found = KafkaGroups().standing(f"never-{topic}", [topic])
    assert (found.state, found.members) == ("dead", ())
    assert [(each.committed, each.lag) for each in found.partitions] == [(None, 4), (None, 0)]


def test_what_kafka_removed_is_not_to_be_done(topic: str, kafka_admin: AdminClient) -> None:
    commit(topic, topic, 1)
    for future in kafka_admin.delete_records([TopicPartition(topic, 0, 3)]).values():
        future.result(10)
    [partition, _] = KafkaGroups().standing(topic, [topic]).partitions
    assert (partition.first, partition.committed, partition.lag) == (3, 1, 1)


def test_members_are_told_with_what_they_hold(topic: str) -> None:
    with a_member(topic, [topic]):
        found = KafkaGroups().standing(topic, [topic])
    [member] = found.members
    assert member.partitions == {(topic, 0), (topic, 1)}
    assert member.host == "127.0.0.1"


def test_times_become_offsets(topic: str) -> None:
    def at(after_s: float) -> dict[tuple[str, int], int | None]:
        moment = datetime.fromtimestamp(START_MS / 1000 + after_s, UTC)
        return KafkaGroups().offsets_at([topic], moment)

    assert at(-60) == {(topic, 0): 0, (topic, 1): None}
    assert at(1.5) == {(topic, 0): 2, (topic, 1): None}
    assert at(60) == {(topic, 0): None, (topic, 1): None}


def test_offsets_are_set_while_no_member_lives_and_else_refused(topic: str) -> None:
    groups = KafkaGroups()
    groups.alter(topic, {(topic, 0): 3})
    assert groups.standing(topic, [topic]).partitions[0].committed == 3
    with a_member(topic, [topic]), pytest.raises(GroupInUse):
        groups.alter(topic, {(topic, 0): 0})
    assert groups.standing(topic, [topic]).partitions[0].committed == 3


def test_what_kafka_refuses_is_told_in_its_words(topic: str) -> None:
    with pytest.raises(KafkaRefused, match="partition"):
        KafkaGroups().alter(topic, {(topic, 99): 0})


def test_kafka_that_is_away_is_unavailable(topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    groups = KafkaGroups(timeout_s=0.5)
    with pytest.raises(ServiceUnavailable, match="Kafka is unavailable"):
        groups.standing(topic, [topic])
    with pytest.raises(ServiceUnavailable):
        groups.alter(topic, {(topic, 0): 0})


def test_a_child_process_has_a_client_of_its_own(topic: str) -> None:
    KafkaGroups().standing(topic, [topic])
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            end = KafkaGroups().standing(topic, [topic]).partitions[0].end
            os.write(writer, str(end).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        assert answer.read() == "4"
    os.waitpid(child, 0)
