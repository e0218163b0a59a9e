"""Exchange: what the keeper tells the polling thread, and what that thread asks the keeper."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from events.consuming.controls import Controls
from events.kafka.record import Partition


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """Kafka has no message at `at`, where the group is; None: it has no offset of the group.

    `number` tells a question from an earlier one about the same place.
    """

    partition: Partition
    at: int | None
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Where the group goes on; what it missed is in the database."""

    lost: Lost
    offset: int


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What the keeper knows; replaced as a whole, so that its parts fit each other.

    `controls` are None until the database was asked. `sizes` are the partitions of the topics
    that were compared with what the group saw of them before.
    """

    controls: Controls | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[Partition, Found] = field(default_factory=dict)


def _unknown(_partition: Partition) -> int | None:
    return None


class Exchange:
    """Each attribute has one writer, which replaces its value as a whole and changes none.

    The keeper writes `news` and `failure`; all else is the polling thread's.
    """

    def __init__(self) -> None:
        self.news = News()
        self.lost: Mapping[Partition, Lost] = {}  # to be found out
        self.sought: frozenset[UUID] = frozenset()  # seeks to be marked: their offset is committed
        self.position_of: Callable[[Partition], int | None] = _unknown  # the next undone offset
        self.look_at_topics = threading.Event()
        self.failure: BaseException | None = None  # of the keeper: the process has to end

    def check(self) -> None:
        """Raise what went wrong in the keeper, if anything did."""
        if self.failure is not None:
            raise self.failure
