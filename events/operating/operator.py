"""The operator: who does something by hand, and why; the services here ask for one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from events.auditing.actions import record_action, record_actions


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    """A person, or a program in their name; `origin` is an address or "command line".

    Raises ValueError without a reason: whoever reads the audit later will ask for it.
    """

    name: str
    reason: str
    origin: str = ""
    request_id: str = ""

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("an operator action needs a reason")

    def record(
        self, action: str, *, target_type: str, target_id: object, details: Mapping[str, Any]
    ) -> None:
        """Write the action into the audit, in the transaction that does it."""
        record_action(
            actor=self.name,
            action=action,
            target_type=target_type,
            target_id=target_id,
            reason=self.reason,
            details=details,
            origin=self.origin,
            request_id=self.request_id,
        )

    def record_each(self, action: str, *, target_type: str, target_ids: Iterable[object]) -> None:
        """Write the same of many things into the audit, a row each, in one statement."""
        record_actions(
            actor=self.name,
            action=action,
            target_type=target_type,
            target_ids=target_ids,
            reason=self.reason,
            origin=self.origin,
            request_id=self.request_id,
        )
