"""The process: runs one replay to its end, or to where somebody goes on with it later."""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from uuid import UUID

from django.db import DatabaseError, InterfaceError, close_old_connections, transaction

from events.auditing.actions import record_action
from events.conf import Waybill
from events.consuming.retrying import Abandoned
from events.errors import WaybillError
from events.models import InHand, Replay
from events.replaying.account import LeaseLost
from events.replaying.assembly import ReplayParts
from events.replaying.engine import Engine
from events.replaying.keeper import ReplayKeeper
from events.replaying.lease import Lease, take_lease

logger = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_HUNG = 2
BY = "waybill"  # who pauses a replay when no person does
SAVE_EVERY_S = 0.5
KEEPER_BUDGET_S = 0.5
REST_MOST_S = 1.0  # a handler that works for long weighs on nobody
REST_STEP_S = 0.1
State = Replay.State
Tell = Callable[[Replay], None]


class ReplayProcess:
    """Holds a replay's lease while it runs; call `run` from the main thread.

    `tell` hears of the replay's row about twice a second, and at the end. Unless it
    `waits_while_paused` a paused replay is let go, for anybody to go on with once it is resumed.
    """

    def __init__(
        self,
        replay_id: UUID,
        *,
        settings: Waybill,
        tell: Tell | None = None,
        waits_while_paused: bool = True,
    ) -> None:
        self._id = replay_id
        self._settings = settings
        self._tell = tell
        self._waits = waits_while_paused
        self._saved_at = float("-inf")

    def run(self, stop: threading.Event) -> int:
        """Run until the replay is over, let go, or `stop` is set; returns the exit code.

        0: done, stopped, paused and let go, or told to stop (then anybody goes on where it was);
        1: failed, the replay's report says why. If a handler runs past its deadline the process
        ends at once with code 2.
        Raises ReplayBusy while another process runs it, ReplayRefused if it is over.
        """
        lease = take_lease(self._id, lease_s=self._settings.lease_s)
        replay = self._row()
        parts = ReplayParts(
            replay=replay,
            lease=lease,
            settings=self._settings,
            stop=stop,
            on_hung=_end_hung,
        )
        logger.info("Replaying", extra=_who(replay))
        code = self._guarded(parts, lease)
        logger.info("Stopped replaying", extra=_who(replay))
        if self._tell:
            with suppress(DatabaseError, InterfaceError):
                self._tell(self._row())
        return code

    def _guarded(self, parts: ReplayParts, lease: Lease) -> int:
        keeper = parts.keeper()
        keeper.start()
        try:
            self._work(parts, keeper)
        except Abandoned:
            logger.info("Stopped while waiting for the database; somebody goes on where it was")
        except LeaseLost as lost:
            logger.warning("Another process goes on with the replay", extra={"error": str(lost)})
            return EXIT_FAILED
        except Exception as error:
            logger.exception("The replay failed; it can be resumed", extra=_who(parts.replay))
            self._fail(parts, lease, error)
            return EXIT_FAILED
        finally:
            keeper.stop(timeout_s=KEEPER_BUDGET_S)
        return EXIT_OK

    def _work(self, parts: ReplayParts, keeper: ReplayKeeper) -> None:
        with closing(parts.reader()) as reader:
            engine = parts.engine(reader)
            while not engine.is_done:
                close_old_connections()
                keeper.check()
                if parts.stop.is_set() or not self._step(parts, keeper, engine):
                    break
            self._save(parts)
            self._end(parts, State.DONE if engine.is_done else "")

    def _step(self, parts: ReplayParts, keeper: ReplayKeeper, engine: Engine) -> bool:
        """Do a little; returns whether to go on."""
        if keeper.state == State.PAUSED and self._waits:
            parts.storm.is_over()
            self._save_due(parts)
            parts.stop.wait(self._settings.control_interval_s)
            return True
        if keeper.state != State.RUNNING:
            return False
        parts.account.note = ""
        began = time.monotonic()
        has_moved = engine.run_once(is_brief=keeper.is_group_at_work) > 0
        worked_s = time.monotonic() - began
        if has_moved:
            keeper.moved = True
        if parts.storm.has_come:
            self._pause(parts, keeper)
        self._save_due(parts)
        if has_moved and keeper.is_group_at_work:
            self._rest(parts, keeper, worked_s=worked_s)
        return True

    def _rest(self, parts: ReplayParts, keeper: ReplayKeeper, *, worked_s: float) -> None:
        """Leave the machine to the group, unless something is asked of us meanwhile."""
        ends_at = time.monotonic() + min(REST_MOST_S, self._settings.replay_rest * worked_s)
        while keeper.state == State.RUNNING and (left_s := ends_at - time.monotonic()) > 0:
            if parts.stop.wait(min(left_s, REST_STEP_S)):
                return

    def _save_due(self, parts: ReplayParts) -> None:
        if time.monotonic() - self._saved_at >= SAVE_EVERY_S:
            self._save(parts)
            if self._tell:
                self._tell(parts.parts.retrying.through_outages(self._row))

    def _row(self) -> Replay:
        return Replay.objects.get(pk=self._id)

    def _save(self, parts: ReplayParts) -> None:
        positions = parts.lanes.positions
        parts.parts.retrying.through_outages(lambda: parts.account.save(positions))
        self._saved_at = time.monotonic()

    def _end(self, parts: ReplayParts, state: str) -> None:
        def end() -> None:
            with transaction.atomic():
                InHand.objects.filter(group=parts.in_hand).delete()
                parts.lease.end(state=state)

        parts.parts.retrying.through_outages(end)

    def _fail(self, parts: ReplayParts, lease: Lease, error: Exception) -> None:
        """Say why in the report; what is not saved is found out anew by whoever goes on."""
        # What others raise may hold anything; whoever may see it finds it in the log.
        told = f": {error}" if isinstance(error, WaybillError) else "; the log says more"
        parts.account.note = f"failed: {type(error).__name__}{told}"
        with suppress(DatabaseError, InterfaceError, LeaseLost):
            parts.account.save(parts.lanes.positions)
            lease.end(state=State.FAILED)

    def _pause(self, parts: ReplayParts, keeper: ReplayKeeper) -> None:
        """Pause the replay itself: too many of its messages became dead letters."""
        settings = self._settings
        reason = (
            f"{settings.storm_letters} dead letters within {settings.storm_window_s:g} s: "
            "look at them, mend the cause, then resume the replay"
        )

        def pause() -> None:
            with transaction.atomic():
                rows = Replay.objects.filter(pk=self._id, state=State.RUNNING)
                if rows.update(state=State.PAUSED):
                    record_action(
                        actor=BY,
                        action="pause_replay",
                        target_type="replay",
                        target_id=self._id,
                        reason=reason,
                    )

        parts.parts.retrying.through_outages(pause)
        parts.account.note = f"paused by itself: {reason}"
        keeper.state = State.PAUSED
        logger.critical("The replay is paused: too many dead letters", extra=_who(parts.replay))
        self._save(parts)


def _who(replay: Replay) -> dict[str, object]:
    return {
        "replay": str(replay.pk),
        "group": replay.group,
        "topics": replay.topics,
        "mode": replay.mode,
        "pid": os.getpid(),
    }


def _end_hung(deadline_s: float) -> None:
    """Nothing of a process with a handler that hangs may run any more."""
    logger.critical(
        "A handler runs past its deadline: the process ends, and the message comes again",
        extra={"deadline_s": deadline_s},
    )
    logging.shutdown()
    os._exit(EXIT_HUNG)
