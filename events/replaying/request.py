"""The request: which old events of which group are consumed again, and how."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from events.kafka.record import Partition


@dataclass(frozen=True, slots=True)
class All:
    """Everything there is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offsets:
    """The messages at `first` and behind it, before `before`; None: from, or to, the end.

    The same of every partition that is chosen, or of one if `partition` is given; bounds of their
    own for partitions stand in `by_partition` and win.
    """

    first: int | None = None
    before: int | None = None
    partition: int | None = None
    by_partition: Mapping[Partition, tuple[int | None, int | None]] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """The messages whose own time is `start` or later, and before `before`; None: no bound."""

    start: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplayRequest:
    """What is asked for. Without `topics` all that the group subscribes to.

    `type` or `key` (never both) narrow it down. mode: "missing" runs only what has no row in the
    group's ledger; "force" runs everything once per replay, in a generation of its own. rate: so
    many messages a second are given to handlers at most. from_archive: what Kafka no longer has is
    taken from the stored events.
    """

    group: str
    topics: tuple[str, ...] = ()
    range: All | Offsets | Times = All()
    type: str | None = None
    key: bytes | None = None
    mode: Literal["missing", "force"] = "missing"
    rate: float | None = None
    from_archive: bool = False
