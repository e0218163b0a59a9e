"""The lease: which process runs a replay; times are the database's."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from events.consuming.process import HOST, PID
from events.errors import ReplayBusy, ReplayRefused
from events.models import Replay
from events.sql import run

_TAKE = """
    UPDATE events_replay
    SET lease_token = %(token)s::uuid, host = %(host)s, pid = %(pid)s,
        lease_expires_at = now() + make_interval(secs => %(lease_s)s),
        started_at = coalesce(started_at, now()),
        state = CASE state WHEN 'paused' THEN state ELSE 'running' END
    WHERE id = %(id)s AND state IN ('requested', 'running', 'paused')
      AND (lease_token IS NULL OR lease_expires_at <= now())
    RETURNING id
"""
_RENEW = """
    UPDATE events_replay
    SET lease_expires_at = now() + make_interval(secs => %(lease_s)s),
        state = CASE state WHEN 'requested' THEN 'running' ELSE state END
    WHERE id = %(id)s AND lease_token = %(token)s::uuid
    RETURNING state
"""
_END = """
    UPDATE events_replay
    SET lease_token = NULL, lease_expires_at = NULL,
        state = CASE WHEN state IN ('running', 'requested') AND %(state)s::text <> ''
                     THEN %(state)s::text ELSE state END,
        finished_at = CASE WHEN state IN ('running', 'requested') AND %(state)s::text <> ''
                           THEN now() ELSE finished_at END
    WHERE id = %(id)s AND lease_token = %(token)s::uuid
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """Held by one process; it runs out `lease_s` seconds after it was renewed last."""

    replay: UUID
    token: UUID
    lease_s: float

    def renew(self) -> str | None:
        """Hold on to it; returns the replay's state (a resumed one runs), None if it is lost."""
        found = run(_RENEW, self._who)
        return found[0][0] if found else None

    def end(self, *, state: str = "") -> None:
        """Let go, and with `state` say how the replay ended, unless people stopped it before."""
        run(_END, {**self._who, "state": state})

    @property
    def _who(self) -> dict[str, object]:
        return {"id": self.replay, "token": self.token, "lease_s": self.lease_s}


def take_lease(replay: UUID, *, lease_s: float) -> Lease:
    """Take the replay in hand.

    Raises ReplayBusy while another process has it, ReplayRefused if there is none or it is over.
    """
    lease = Lease(replay=replay, token=uuid4(), lease_s=lease_s)
    asked = {"id": replay, "token": lease.token, "lease_s": lease_s, "host": HOST, "pid": PID}
    if run(_TAKE, asked):
        return lease
    row = Replay.objects.filter(pk=replay).first()
    if row is None:
        raise ReplayRefused(f"there is no replay {replay}")
    if row.state not in Replay.ACTIVE:
        raise ReplayRefused(f"replay {replay} is {row.state}; resume a failed one, or ask anew")
    raise ReplayBusy(f"replay {replay} is run by {row.host}:{row.pid}")
