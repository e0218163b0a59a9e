"""Progress: what the polling thread tells the worker holds from the moment it is said."""

from events.consuming.progress import Progress

HERE, THERE = ("topic", 0), ("topic", 1)


def test_a_partition_that_is_left_begins_no_letter_until_it_is_open_again() -> None:
    progress = Progress()
    progress.open_partitions = frozenset({HERE, THERE})
    progress.leave([HERE])
    assert progress.must_leave(HERE)
    assert progress.open_partitions == {THERE}
    progress.new_batch()
    assert not progress.must_leave(HERE)
    assert progress.open_partitions == {THERE}
