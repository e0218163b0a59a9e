"""Refusals: what keeps a test from using the kit, and what to do about it."""

from events.errors import WaybillError


class KitRefused(WaybillError):
    """The kit cannot do what the test asked; the text says how to mend that."""
