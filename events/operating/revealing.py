"""Revealing: that somebody saw what a message says is written into the audit, like a deed."""

from collections.abc import Sequence

from django.db import transaction

from events.operating.operator import Operator

ACTION = "reveal"


def reveal(target_type: str, target_ids: Sequence[object], *, by: Operator) -> None:
    """Write, before the bytes are shown, who sees the values of these rows, and why.

    One row for each, all in one statement: the waybill of an event tells who saw it. Committed at
    once, so it is not for the inside of a transaction (RuntimeError). Raises what the database
    raises, and then nothing may be shown.
    """
    if not target_ids:
        return
    with transaction.atomic(durable=True):
        by.record_each(ACTION, target_type=target_type, target_ids=target_ids)
