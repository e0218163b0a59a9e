"""The tables: one noun a file."""

from events.models.attempt import Attempt
from events.models.closed_key import ClosedKey
from events.models.consumption import LIVE, Consumption
from events.models.dead_letter import DeadLetter
from events.models.event import Event
from events.models.gap import Gap
from events.models.group_topic import GroupTopic
from events.models.heartbeat import Heartbeat
from events.models.idempotency_key import IdempotencyKey
from events.models.in_hand import InHand
from events.models.operator_action import OperatorAction
from events.models.outbox_entry import OutboxEntry
from events.models.pause import Pause
from events.models.publication import Publication
from events.models.replay import Replay
from events.models.sample import Sample
from events.models.seek import Seek
from events.models.topic_grant import TopicGrant

__all__ = [
    "LIVE",
    "Attempt",
    "ClosedKey",
    "Consumption",
    "DeadLetter",
    "Event",
    "Gap",
    "GroupTopic",
    "Heartbeat",
    "IdempotencyKey",
    "InHand",
    "OperatorAction",
    "OutboxEntry",
    "Pause",
    "Publication",
    "Replay",
    "Sample",
    "Seek",
    "TopicGrant",
]
