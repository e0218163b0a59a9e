"""Who is in a group, and who has its partitions, by the broker's word."""

from functools import cache
from typing import Any

from confluent_kafka.admin import AdminClient

from tests.acceptance.system import System


def members(system: System, group: str = "") -> list[str]:
    """Return the members' ids, sorted; a member that comes back is another."""
    return sorted(each.member_id for each in _described(system, group))


def owners(system: System) -> set[str]:
    """Return the ids of the members that have partitions."""
    return {each.member_id for each in _described(system) if each.assignment.topic_partitions}


def _described(system: System, group: str = "") -> list[Any]:
    group = group or system.group
    admin = _admin(system.kafka)
    return list(admin.describe_consumer_groups([group])[group].result(10).members)


@cache
def _admin(kafka: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka, "log_level": 2})
