"""The console: Django's admin, shown by django-unfold, over what the audit knows."""

from typing import Any

from django.contrib import admin

from events.admin import (
    accounts,
    attempt,
    closed_key,
    consumption,
    dead_letter,
    event,
    find_page,
    gap,
    group_page,
    heartbeat,
    operator_action,
    outbox_entry,
    pause,
    publication,
    replay,
    seek,
    token,
    topic_grant,
)

__all__ = [
    "accounts",
    "attempt",
    "closed_key",
    "consumption",
    "dead_letter",
    "event",
    "gap",
    "heartbeat",
    "operator_action",
    "outbox_entry",
    "pause",
    "publication",
    "replay",
    "seek",
    "token",
    "topic_grant",
]

console: Any = admin.site  # unfold's, whose `extra_urls` Django's type does not know
console.index_template = "events/overview.html"
console.extra_urls = lambda: [*find_page.urls(), *group_page.urls()]
