"""Leaving: a member's last word to its group, bounded in time."""

import threading

from confluent_kafka import Consumer


def leave(consumer: Consumer, *, holds_partitions: bool, timeout_s: float) -> bool:
    """Close the client so that its group knows; False if that takes longer than `timeout_s`.

    Closed without partitions, librdkafka 2.16 says nothing to the group, which then waits for this
    member at every rebalance until its session has timed out: so it unsubscribes first.
    """

    def close() -> None:
        if not holds_partitions:
            consumer.unsubscribe()
        consumer.close()

    closing = threading.Thread(target=close, name="kafka-close", daemon=True)
    closing.start()
    closing.join(timeout_s)
    return not closing.is_alive()
