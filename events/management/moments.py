"""Moments as operators write them: a time, or how long from now."""

from argparse import ArgumentTypeError
from datetime import datetime, timedelta

from django.utils.dateparse import parse_datetime
from django.utils.timezone import get_current_timezone, is_naive

from events.duration import duration


def moment(text: str) -> datetime:
    """Return the time that `text` says (ISO 8601); raises ArgumentTypeError."""
    try:
        found = parse_datetime(text)
    except ValueError:  # of the form, but no such day
        found = None
    if found is None:
        raise ArgumentTypeError(f"{text!r} is no time; write 2026-03-01T12:00:00Z")
    return found.replace(tzinfo=get_current_timezone()) if is_naive(found) else found


def moment_or_duration(text: str) -> datetime | timedelta:
    """Return a time, or how long from now (15m, 2h); raises ArgumentTypeError."""
    try:
        return duration(text)
    except ValueError:
        pass
    try:
        return moment(text)
    except ArgumentTypeError as error:
        raise ArgumentTypeError(f"{error}, or how long from now: 15m, 2h, 1d") from error
