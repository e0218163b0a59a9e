"""A letter is discarded while its consumer finishes it: one of both waits, neither fails."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.db import connections, transaction

from events.consuming.ledger import Ledger
from events.models import Consumption, DeadLetter
from events.operating.discarding import Discarding
from events.operating.letter_selection import LetterSelection
from events.operating.operator import Operator
from events.sql import run
from tests.integration.operating.failed_rows import a_held_letter, a_ledger_row
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ADA = Operator(name="ada", reason="no longer wanted")
# Unlike pg_stat_activity it is read anew in a transaction.
_WAITING = """
    SELECT count(*) FROM pg_locks
    WHERE NOT granted AND waitstart < clock_timestamp() - make_interval(secs => %(for_s)s)
"""


def waiting(*, for_s: float = 0.0) -> int:
    """How many statements wait for a lock, for so long at least."""
    return int(run(_WAITING, {"for_s": for_s})[0][0])


@contextmanager
def in_a_thread(act: Any) -> Iterator[list[Any]]:
    """Run `act` beside the block; what it returned, or raised, is in the list at the end."""
    ended: list[Any] = []

    def run_it() -> None:
        try:
            ended.append(act())
        except Exception as error:  # noqa: BLE001 - told to the test
            ended.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run_it)
    thread.start()
    yield ended
    thread.join(30)


def test_neither_fails_whoever_comes_first(group: str) -> None:
    letter = a_held_letter(group, 5)
    row = a_ledger_row(letter, "retrying")

    def discard() -> Any:
        return Discarding(LetterSelection(ids=(letter.pk,))).carry_out(by=ADA).count

    def finish() -> Any:
        with transaction.atomic():  # as the consumer does: its row, then its letter
            finished = Ledger(group=group).finish(row.pk, outcome="retrying")
            DeadLetter.objects.filter(pk=letter.pk, state="held").update(state="redriven")
        return finished

    with ExitStack() as threads, transaction.atomic():
        DeadLetter.objects.select_for_update().get(pk=letter.pk)
        discarded = threads.enter_context(in_a_thread(discard))
        wait_until(lambda: waiting() == 1)
        done = threads.enter_context(in_a_thread(finish))
        # By then PostgreSQL has looked whether both could go on, and looks no more.
        wait_until(lambda: waiting(for_s=1.5) == 2)
    assert discarded == [1]
    assert done == [False]
    assert Consumption.objects.get().outcome == "dead_lettered"
