"""Option checks: what subscriptions say about failures and rates, before it goes wrong at work."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.checks import CheckMessage, Error

from events.consuming.subscriptions import Subscription
from events.rate import Rate
from events.retry import RetryPolicy

ON_EXHAUSTED = ("dead_letter", "quarantine")
SCOPES = ("partition", "key")


def wrong_options(declared: Sequence[Subscription]) -> Iterator[CheckMessage]:
    """Find what a subscription says wrongly about failures and its rate."""
    for each in declared:
        if wrong := [*_option_errors(each)]:
            yield Error(
                f"{each.name} of group {each.group!r}: {'; '.join(wrong)}",
                hint="events/consuming/subscriptions.py says what each option may be",
                id="events.E009",
            )


def _option_errors(subscription: Subscription) -> Iterator[str]:
    for policy in (subscription.retry, *subscription.retry_on.values()):
        yield from _policy_errors(policy)
    kinds: list[Any] = [*subscription.retry_on]
    for kind in kinds:
        if not (isinstance(kind, type) and issubclass(kind, Exception)):
            yield f"retry_on has {kind!r}, which is no type of exception"
    if subscription.on_exhausted not in ON_EXHAUSTED:
        yield f"on_exhausted must be one of {', '.join(ON_EXHAUSTED)}"
    try:
        if subscription.rate is not None:
            Rate.of(subscription.rate)
    except (TypeError, ValueError) as error:
        yield f"the rate: {error}"


def _policy_errors(policy: Any) -> Iterator[str]:
    if policy is None:
        return
    if not isinstance(policy, RetryPolicy):
        yield "a retry policy must be a RetryPolicy"
    elif policy.scope not in SCOPES:
        yield f"the scope of a retry policy must be one of {', '.join(SCOPES)}"
