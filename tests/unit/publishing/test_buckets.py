"""The bucket of a key is stored in rows: its numbers are pinned."""

import pytest

from events.publishing.buckets import BUCKETS, bucket_of


@pytest.mark.parametrize(
    ("topic", "key", "event_id", "bucket"),
    [
        ("order_invoices", "1042", "whatever", 20),
        ("order_invoices", "", "whatever", 17),
        ("order_invoices", "größe/😀", "whatever", 52),
        ("order_invoices", None, "01a2052f-6d36-74e8-a7a2-e3b18d3e78a3", 16),
        ("other", "1042", "whatever", 55),
    ],
)
def test_buckets_never_change(topic: str, key: str | None, event_id: str, bucket: int) -> None:
    assert bucket_of(topic, key, event_id=event_id) == bucket


def test_keys_spread_over_all_buckets() -> None:
    found = {bucket_of("t", str(number), event_id="") for number in range(2_000)}
    assert found == set(range(BUCKETS))


def test_topic_and_key_do_not_run_into_each_other() -> None:
    assert bucket_of("ab", "c", event_id="") != bucket_of("a", "bc", event_id="")
