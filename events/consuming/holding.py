"""Holding: followers of closed keys are set aside in order, while their partition flows."""

from collections.abc import Sequence

from django.db import transaction

from events.consuming.closed_keys import ClosedKeys
from events.consuming.dead_letters import hold
from events.consuming.delivery import Delivery


def hold_in_order(deliveries: Sequence[Delivery], closed_keys: ClosedKeys) -> list[Delivery]:
    """Hold the first of these messages, up to one whose key is open again; return those held.

    One transaction, in which no closed key can be opened: what is behind an open one has to wait
    for its turn, as the order of its partition has it.
    """
    with transaction.atomic():
        closed = closed_keys.still_closed(deliveries)
        held = []
        for delivery in deliveries:
            if (delivery.record.topic, delivery.record.key) not in closed:
                break
            held.append(delivery)
        hold(held)
    return held
