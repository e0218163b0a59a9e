"""Offsets: what is done and what Kafka knows of it."""

import logging

import pytest
from confluent_kafka import KafkaError, TopicPartition

from events.consuming.offsets import Offsets
from events.kafka.commits import Commits

A, B = ("t", 0), ("t", 1)


def test_offsets_are_due_once_an_interval() -> None:
    now = [0.0]
    offsets = Offsets(interval_s=1.0, clock=lambda: now[0])
    offsets.store(A, 5)
    assert offsets.due() == {A: 5}
    offsets.store(A, 6)
    now[0] = 0.9
    assert offsets.due() == {}
    now[0] = 1.0
    assert offsets.due() == {A: 6}
    assert offsets.due() == {}


def test_a_revoked_partition_is_taken_alone_and_a_lost_one_forgotten() -> None:
    offsets = Offsets(interval_s=1.0)
    offsets.store(A, 5)
    offsets.store(B, 7)
    assert offsets.take([A]) == {A: 5}
    offsets.forget([B])
    assert offsets.take_all() == {}


def test_what_kafka_refused_is_stored_again_unless_something_newer_is() -> None:
    offsets = Offsets(interval_s=0.0)
    offsets.store(A, 9)
    offsets.restore({A: 5, B: 7})
    assert offsets.due() == {A: 9, B: 7}


def test_refusals_are_kept_until_taken_and_said_once_an_outage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    commits = Commits()
    away = KafkaError(KafkaError._WAIT_COORD)
    with caplog.at_level(logging.WARNING):
        commits.on_commit(away, [TopicPartition("t", 0, 5)])
        commits.on_commit(away, [TopicPartition("t", 0, 6), TopicPartition("t", 1, 7)])
        assert commits.take_refused() == {A: 6, B: 7}
        assert commits.take_refused() == {}
        commits.on_commit(None, [TopicPartition("t", 0, 6)])
        commits.on_commit(away, [TopicPartition("t", 0, 8)])
    assert len(caplog.records) == 2


def test_after_a_seek_what_was_refused_before_it_is_not_committed_again() -> None:
    offsets = Offsets(interval_s=0.0)
    offsets.store(A, 50)
    assert offsets.take_all() == {A: 50}
    offsets.forget([A])
    offsets.store(A, 3)
    assert offsets.take([A]) == {A: 3}
    offsets.restore({A: 50})
    assert offsets.take_all() == {}
    offsets.restore({A: 3})
    assert offsets.take_all() == {A: 3}


def test_an_expected_offset_is_awaited_until_kafka_took_that_one() -> None:
    commits = Commits()
    commits.expect(A, 3)
    commits.on_commit(None, [TopicPartition("t", 0, 50)])
    assert commits.is_expected(A)
    commits.on_commit(KafkaError(KafkaError._WAIT_COORD), [TopicPartition("t", 0, 3)])
    assert commits.is_expected(A)
    assert commits.take_refused() == {A: 3}
    commits.on_commit(None, [TopicPartition("t", 0, 3)])
    assert not commits.is_expected(A)
