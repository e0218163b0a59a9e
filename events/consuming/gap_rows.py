"""Gap rows: what a group missed, written before it goes on elsewhere."""

import logging
from dataclasses import dataclass

from events.consuming.process import HOST, PID
from events.kafka.record import Partition
from events.models import Gap
from events.models.identifiers import new_id
from events.sql import run

logger = logging.getLogger(__name__)

BY = "waybill"
# A repeat after a crash finds its own row, and writes nothing more.
_GAP = """
    INSERT INTO events_gap ("group", topic, partition, cause, policy, from_offset, to_offset,
                            missed, host, pid, at)
    VALUES (%(group)s, %(topic)s, %(partition)s, %(cause)s, %(policy)s, %(from_offset)s,
            %(to_offset)s, %(missed)s, %(host)s, %(pid)s, now())
    ON CONFLICT DO NOTHING RETURNING id
"""
_PAUSE = """
    INSERT INTO events_pause (id, "group", topic, partition, by, reason, paused_at, resumed_by)
    VALUES (%(id)s, %(group)s, %(topic)s, %(partition)s, %(by)s, %(reason)s, now(), '')
"""
# Whoever asked before for another offset asked it of messages that are no more.
_SUPERSEDE = """
    UPDATE events_seek SET state = 'superseded'
    WHERE "group" = %(group)s AND topic = %(topic)s AND partition = %(partition)s
      AND state = 'requested'
"""
_SEEK = """
    INSERT INTO events_seek (id, "group", topic, partition, from_offset, to_offset, state, by,
                             reason, requested_at, done_by)
    VALUES (%(id)s, %(group)s, %(topic)s, %(partition)s, %(from_offset)s, %(to_offset)s,
            'requested', %(by)s, %(reason)s, now(), '')
"""
_WHY = {
    Gap.Cause.RETENTION: "Kafka removed messages that the group had not read",
    Gap.Cause.TRUNCATED: "the group was further than the end of the partition",
    Gap.Cause.RECREATED: "another topic has the name now",
    Gap.Cause.ADDED: "a partition that was not there when the group began",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class NewGap:
    """A gap that was found: where the group was, and where it goes on; `missed` None: unknown."""

    group: str
    partition: Partition
    cause: Gap.Cause
    policy: Gap.Policy
    from_offset: int | None
    to_offset: int
    missed: int | None = None

    def write(self, *, and_seek: bool = False) -> None:
        """Write it in the caller's transaction, with its pause (by policy) and seek, and say it.

        The seek is for a partition that may be another process's.
        """
        values = self._values()
        if not run(_GAP, values) and not and_seek:
            return
        if self.policy is Gap.Policy.STOP:
            run(_PAUSE, values)
        if and_seek:
            run(_SUPERSEDE, values)
            run(_SEEK, {**values, "id": new_id()})
        logger.error(
            "A gap: %s. What is stored of it can be written once more with manage.py republish "
            "--topic %s --from .. --to ..",
            _WHY[self.cause],
            values["topic"],
            extra={
                name: values[name]
                for name in (
                    *("group", "topic", "partition", "cause", "policy"),
                    *("from_offset", "to_offset", "missed"),
                )
            },
        )

    def _values(self) -> dict[str, object]:
        topic, number = self.partition
        return {
            "id": new_id(),
            "group": self.group,
            "topic": topic,
            "partition": number,
            "cause": self.cause.value,
            "policy": self.policy.value,
            "from_offset": self.from_offset,
            "to_offset": self.to_offset,
            "missed": self.missed,
            "host": HOST,
            "pid": PID,
            "by": BY,
            "reason": self._reason(topic),
        }

    def _reason(self, topic: str) -> str:
        missed = "an unknown number of" if self.missed is None else f"{self.missed:,}"
        return (
            f"{_WHY[self.cause]}: {missed} messages are missed, the next one is "
            f"{self.to_offset}. Write what is stored of them once more with manage.py republish "
            f"--topic {topic} --from .. --to .., then resume; the group goes on with the first "
            "message there is."
        )


def was_told(group: str, partition: Partition, *, at: int) -> bool:
    """Whether the group stands where an earlier gap put it, and people let it go on from there."""
    topic, number = partition
    return Gap.objects.filter(
        group=group, topic=topic, partition=number, to_offset=at, policy=Gap.Policy.STOP
    ).exists()
