"""The console: Django's admin, shown by django-unfold, over what the audit knows."""

from typing import Any

from django.contrib import admin

from events.admin import (
    accounts,
    attempt,
    consumption,
    dead_letter,
    event,
    find_page,
    heartbeat,
    operator_action,
    outbox_entry,
    publication,
    token,
    topic_grant,
)

__all__ = [
    "accounts",
    "attempt",
    "consumption",
    "dead_letter",
    "event",
    "heartbeat",
    "operator_action",
    "outbox_entry",
    "publication",
    "token",
    "topic_grant",
]

console: Any = admin.site  # unfold's, whose `extra_urls` Django's type does not know
console.index_template = "events/overview.html"
console.extra_urls = find_page.urls
