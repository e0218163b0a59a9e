"""What the console tells of, and where."""

from typing import Any

from django.db.models import Model
from django.urls import reverse
from knox.models import AuthToken

from events.models import (
    Attempt,
    ClosedKey,
    Consumption,
    DeadLetter,
    Event,
    Gap,
    Heartbeat,
    OperatorAction,
    OutboxEntry,
    Pause,
    Publication,
    Replay,
    Seek,
)

TOLD = (
    Event,
    OutboxEntry,
    Publication,
    Consumption,
    Attempt,
    DeadLetter,
    Pause,
    Replay,
    ClosedKey,
    Seek,
    Gap,
    OperatorAction,
    Heartbeat,
    AuthToken,
)
# Lists whose rows people choose to do something about, if they may.
CHOSEN_FROM = (DeadLetter, AuthToken)


def address(model: type[Model], page: str, *args: Any) -> str:
    """The address of a page of a model's admin."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)
