"""Operations: what may be done by hand, who may do it, and the refusal of everybody else."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from events.admin.reason import LONGEST, origin_of, request_id
from events.auditing.actions import refuse
from events.errors import ActionRefused
from events.grants import Right, grants_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """Something that changes what groups do.

    `name` is what the audit calls it, `permission` Django's own; besides it grants of these
    `rights` to every topic concerned are needed.
    """

    name: str
    title: str
    icon: str
    permission: str
    target_type: str
    rights: tuple[Right, ...] = (Right.OPERATE,)

    def is_for(self, user: Any) -> bool:
        """Whether the user may do this to anything at all."""
        grants = grants_of(user)
        may = user.has_perm(self.permission)
        return may and all(grants.reach(right) != [] for right in self.rights)

    def allows(self, user: Any, *, topics: Iterable[str]) -> bool:
        """Whether the user may do this to the topics; none named stands for all there are."""
        return not self._objection(user, topics=topics)

    def require(self, request: HttpRequest, *, topics: Iterable[str], target_id: object) -> None:
        """Raise PermissionDenied unless it is allowed; what was more than a look is audited."""
        why = self._objection(request.user, topics=topics)
        if not why:
            return
        if request.method != "POST":
            raise PermissionDenied(why)
        try:
            refuse(
                why,
                actor=request.user.get_username(),
                action=self.name,
                target_type=self.target_type,
                target_id=target_id,
                reason=request.POST.get("reason", "")[:LONGEST],
                origin=origin_of(request),
                request_id=request_id(),
            )
        except ActionRefused as error:
            raise PermissionDenied(why) from error

    def _objection(self, user: Any, *, topics: Iterable[str]) -> str:
        if not user.has_perm(self.permission):
            return f"you lack the permission {self.permission}"
        grants = grants_of(user)
        named = sorted(set(topics))
        for right in self.rights:
            if not named and grants.reach(right) is not None:
                return f"you have no grant for {right} on all topics"
            for topic in named:
                if not grants.allows(right, topic):
                    return f"you have no grant for {right} on topic {topic}"
        return ""


REDRIVE = Operation(
    name="redrive",
    title="Redrive",
    icon="redo",
    permission="events.change_deadletter",
    target_type="dead_letter",
)
EDIT = Operation(
    name="edit_and_redrive",
    title="Edit and redrive",
    icon="edit_note",
    permission="events.change_deadletter",
    target_type="dead_letter",
    rights=(Right.OPERATE, Right.VALUES),
)
DISCARD = Operation(
    name="discard",
    title="Discard",
    icon="delete",
    permission="events.change_deadletter",
    target_type="dead_letter",
)
PAUSE = Operation(
    name="pause",
    title="Pause",
    icon="pause",
    permission="events.add_pause",
    target_type="consumer_group",
)
RESUME = Operation(
    name="resume",
    title="Resume",
    icon="play_arrow",
    permission="events.change_pause",
    target_type="pause",
)
CLOSE_KEY = Operation(
    name="pause",
    title="Close a key",
    icon="lock",
    permission="events.add_closedkey",
    target_type="consumer_group",
)
RELEASE = Operation(
    name="resume",
    title="Release",
    icon="lock_open",
    permission="events.change_closedkey",
    target_type="closed_key",
)
SEEK = Operation(
    name="seek",
    title="Seek",
    icon="my_location",
    permission="events.add_seek",
    target_type="consumer_group",
)
DONE = Operation(
    name="resolve",
    title="It was done",
    icon="check",
    permission="events.change_consumption",
    target_type="consumption",
)
RESEND = Operation(
    name="resolve",
    title="Do it again",
    icon="redo",
    permission="events.change_consumption",
    target_type="consumption",
)
REPUBLISH = Operation(
    name="republish",
    title="Republish",
    icon="flight_takeoff",
    permission="events.add_outboxentry",
    target_type="event",
)
REPLAY = Operation(
    name="replay",
    title="Replay",
    icon="history",
    permission="events.add_replay",
    target_type="consumer_group",
)
FORCE_REPLAY = Operation(
    name="replay",
    title="Replay by force",
    icon="history",
    permission="events.force_replay",
    target_type="consumer_group",
)
PAUSE_REPLAY = Operation(
    name="pause_replay",
    title="Pause",
    icon="pause",
    permission="events.change_replay",
    target_type="replay",
)
RESUME_REPLAY = Operation(
    name="resume_replay",
    title="Resume",
    icon="play_arrow",
    permission="events.change_replay",
    target_type="replay",
)
STOP_REPLAY = Operation(
    name="stop_replay",
    title="Stop",
    icon="stop",
    permission="events.change_replay",
    target_type="replay",
)
REVEAL_EVENT = Operation(
    name="reveal",
    title="Reveal",
    icon="visibility",
    permission="events.view_event",
    target_type="event",
    rights=(Right.VALUES,),
)
REVEAL_LETTER = Operation(
    name="reveal",
    title="Reveal",
    icon="visibility",
    permission="events.view_deadletter",
    target_type="dead_letter",
    rights=(Right.VALUES,),
)
