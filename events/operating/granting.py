"""Granting: rights to topics given, changed and withdrawn, each an operator action."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from events.models import TopicGrant
from events.operating.operator import Operator

TARGET = "topic_grant"
RIGHTS = ("may_publish", "may_read", "may_see_values", "may_operate")


def save_grant(grant: TopicGrant, *, by: Operator) -> None:
    """Store a grant, new or changed; it counts from the holder's next request."""
    with transaction.atomic():
        before = TopicGrant.objects.select_for_update(of=("self",)).filter(pk=grant.pk).first()
        grant.save()
        action = "give_grant" if before is None else "change_grant"
        details = _told(grant) | ({} if before is None else {"before": _told(before)})
        by.record(action, target_type=TARGET, target_id=grant.pk, details=details)


def withdraw_grants(grants: Iterable[TopicGrant], *, by: Operator) -> int:
    """Withdraw the grants, all or none; return how many there still were."""
    keys = [grant.pk for grant in grants]
    with transaction.atomic():
        found = list(
            TopicGrant.objects.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",))
        )
        for grant in found:
            key, details = grant.pk, _told(grant)
            grant.delete()
            by.record("withdraw_grant", target_type=TARGET, target_id=key, details=details)
    return len(found)


def _told(grant: TopicGrant) -> dict[str, Any]:
    holder = {"group": grant.group.name} if grant.group else {"user": str(grant.user)}
    rights = [name for name in RIGHTS if getattr(grant, name)]
    return {**holder, "topic": grant.topic, "rights": rights}
