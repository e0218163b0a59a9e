"""Operator actions: the one door through which a change made by hand enters the audit."""

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from django.db import connection, transaction
from django.db.models.functions import Now
from django.db.transaction import TransactionManagementError

from events.errors import ActionRefused
from events.models import OperatorAction


def record_action(
    *,
    actor: str,
    action: str,
    target_type: str,
    target_id: object,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
    allowed: bool = True,
    origin: str = "",
    request_id: str = "",
) -> OperatorAction:
    """Store who does what to what, and why, in the transaction that does it: no row, no action.

    `target_type` is the model in snake case (`dead_letter`); `origin` an address or
    "command line". Texts longer than their column are cut. For refused actions call `refuse`.

    Raises TransactionManagementError outside a transaction and ValueError without a reason, both
    only if the action is allowed: the caller has to ask for the reason first.
    """
    if allowed:
        _check(action, reason=reason)
    row = _row(
        actor=actor,
        action=action,
        target_type=target_type,
        target_id=target_id,
        reason=reason,
        details=details,
        allowed=allowed,
        origin=origin,
        request_id=request_id,
    )
    row.save(force_insert=True)
    row.refresh_from_db(fields=["at"])
    return row


def record_actions(
    *,
    actor: str,
    action: str,
    target_type: str,
    target_ids: Iterable[object],
    reason: str,
    origin: str = "",
    request_id: str = "",
) -> None:
    """Store who does the same to each of many things: a row each, in one statement.

    Else as `record_action`, for what is allowed.
    """
    _check(action, reason=reason)
    OperatorAction.objects.bulk_create(
        _row(
            actor=actor,
            action=action,
            target_type=target_type,
            target_id=target_id,
            reason=reason,
            origin=origin,
            request_id=request_id,
        )
        for target_id in target_ids
    )


def refuse(
    why: str,
    *,
    actor: str,
    action: str,
    target_type: str,
    target_id: object,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
    origin: str = "",
    request_id: str = "",
) -> NoReturn:
    """Store that the actor was refused, committed in its own right, and raise ActionRefused(why).

    Raises RuntimeError inside a transaction: the exception would roll the row back with it, so
    whether an action is allowed has to be decided before its transaction begins.
    """
    with transaction.atomic(durable=True):
        record_action(
            actor=actor,
            action=action,
            target_type=target_type,
            target_id=target_id,
            reason=reason,
            details={**(details or {}), "refused": why},
            allowed=False,
            origin=origin,
            request_id=request_id,
        )
    raise ActionRefused(why)


def _check(action: str, *, reason: str) -> None:
    if not connection.in_atomic_block:
        raise TransactionManagementError(
            f"record {action!r} in the transaction that does it: use transaction.atomic()"
        )
    if not reason.strip():
        raise ValueError(f"{action!r} needs a reason")


def _row(
    *,
    actor: str,
    action: str,
    target_type: str,
    target_id: object,
    reason: str,
    origin: str,
    request_id: str,
    details: Mapping[str, Any] | None = None,
    allowed: bool = True,
) -> OperatorAction:
    return OperatorAction(
        actor=_fitted("actor", actor),
        action=_fitted("action", action),
        target_type=_fitted("target_type", target_type),
        target_id=_fitted("target_id", str(target_id)),
        reason=_storable(reason.strip()),
        details=_told(details or {}),
        allowed=allowed,
        origin=_fitted("origin", origin),
        request_id=_fitted("request_id", request_id),
        at=Now(),
    )


def _fitted(name: str, text: str) -> str:
    field = OperatorAction._meta.get_field(name)
    return _storable(text)[: getattr(field, "max_length", None)]


def _told(value: Any) -> Any:
    """Make every text in the details storable: a key may hold what PostgreSQL's JSON does not."""
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, Mapping):
        return {_told(name): _told(each) for name, each in value.items()}
    return [_told(each) for each in value] if isinstance(value, list | tuple) else value


def _storable(text: str) -> str:
    """PostgreSQL stores no NUL and no lone surrogate; no audit row may fail for one."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
