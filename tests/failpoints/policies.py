"""Policies: other options for subscriptions of the project, by group."""

import json
from dataclasses import replace
from typing import Any

from events.consuming.subscriptions import _subscriptions
from events.retry import RetryPolicy


def change_policies(text: str) -> None:
    """Change what `{"a group": {"an option": …}}` says; `retry` has the fields of a policy."""
    changes: dict[str, dict[str, Any]] = json.loads(text)
    for place, subscription in tuple(_subscriptions.items()):
        if subscription.group in changes:
            options = dict(changes[subscription.group])
            if "retry" in options:
                options["retry"] = RetryPolicy(**options["retry"])
            _subscriptions[place] = replace(subscription, **options)
